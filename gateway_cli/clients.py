"""Creates clients of a deployed environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from client_keys import table

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs


def create(session: boto3.Session, outputs: StackOutputs, client_id: str, *, key: str | None = None) -> str:
    """Creates a client and returns its key: `key`, or a new one. The key cannot be read again.

    Raises InvalidClientIdError.
    """
    return table.create(session.client("dynamodb"), outputs.clients_table, client_id, key=key)
