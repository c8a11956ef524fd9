"""The clients of a deployed environment: who may call it, with which keys, and what each may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway_cli.clients import changes
from gateway_cli.clients.settings import ClientSettings
from gateway_cli.clients.table import ClientsTable

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs


def create(session: boto3.Session, outputs: StackOutputs, client_id: str, *, key: str | None = None) -> str:
    """The key of a new client without limits: `key` if given, else a new one. Raises ClientExistsError."""
    return changes.create(ClientsTable.of(session, outputs), client_id, ClientSettings(), key=key)
