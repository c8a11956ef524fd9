"""Clients of a deployed environment, whose table its stack names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from client_keys import table

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs


def create(session: boto3.Session, outputs: StackOutputs, client_id: str, *, key: str | None = None) -> str:
    """A key for `client_id`, a new one unless `key` is given; it cannot be read again. Raises InvalidClientIdError."""
    return table.create(session.client("dynamodb"), outputs.clients_table, client_id, key=key)
