"""How much a client used of its budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from gateway_cli.clients.limits import BUDGET
from gateway_cli.usage import days
from gateway_cli.usage.table import NoUsageTableError, UsageTable

if TYPE_CHECKING:
    import boto3

    from gateway_cli.clients.records import StoredClient
    from gateway_cli.stack_outputs import StackOutputs


def used(session: boto3.Session, outputs: StackOutputs, client: StoredClient) -> int | None:
    """What the client used this month (UTC), in billionths of a US dollar.

    None if the client has no budget, or if the usage table cannot be read.
    """
    if BUDGET.of(client.settings.policy) is None:
        return None
    try:
        return UsageTable.of(session, outputs).cost_of_month(client.client_id, days.today())
    except (NoUsageTableError, BotoCoreError, ClientError):
        return None
