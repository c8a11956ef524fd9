"""`clients rotate`, `clients revoke` and `clients add-role`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gateway_cli.clients import changes, parameters, speech
from gateway_cli.clients.errors import ClientsError
from gateway_cli.clients.table import ClientsTable
from gateway_cli.deployed import deployed

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs


@click.command("rotate")
@parameters.client_id
@deployed(ClientsError)
def rotate(session: boto3.Session, outputs: StackOutputs, client_id: str) -> None:
    """Gives a client a second key and prints it, once. The first key works until `revoke`.

    Standard output has the key alone.
    """
    table = ClientsTable.of(session, outputs)
    client = table.client(client_id)
    key = changes.rotate(table, client)
    earlier = "".join(f" Its key {key.id} works until it is revoked." for key in client.keys)
    click.echo(f"{client_id} has a new key.{earlier} This is the new key; it cannot be read again:", err=True)
    click.echo(key)


@click.command("revoke")
@parameters.client_id
@parameters.key_prefix
@parameters.now
@parameters.yes
@deployed(ClientsError)
def revoke(
    session: boto3.Session,
    outputs: StackOutputs,
    client_id: str,
    prefix: str | None,
    every: bool,
    flushes: bool,
    yes: bool,
) -> None:
    """Deletes a key or an IAM role of a client. The client stays, also without a key."""
    if prefix and every:
        raise click.UsageError("Give --key or --all, not both.")
    table = ClientsTable.of(session, outputs)
    client = table.client(client_id)
    revoked = changes.chosen(client, prefix=prefix, every=every)
    ids = ", ".join(key.id for key in revoked)
    keys = "key" if len(revoked) == 1 else "keys"
    speech.confirm(f"Revoke the {keys} {ids} of {client_id} in {outputs.stage_name}?", yes=yes)
    changes.revoke(table, client, revoked)
    left = speech.count_of_keys(len(client.keys) - len(revoked))
    click.echo(f"Revoked {ids}. {client_id} has {left} now.")
    speech.take_effect(
        session, outputs, flushes=flushes, keeps=f"accept the {keys}", of_jobs=speech.JOBS_NEED_NO_KEY
    )


@click.command("add-role")
@parameters.client_id
@parameters.role_arn(required=True)
@deployed(ClientsError)
def add_role(session: boto3.Session, outputs: StackOutputs, client_id: str, role: str) -> None:
    """Lets an IAM role or user in as a client that exists. `revoke` takes it away."""
    table = ClientsTable.of(session, outputs)
    changes.add_role(table, table.client(client_id), role)
    click.echo(f"Added {role} to {client_id}.")
    speech.let_in(outputs.client_auth, client_id, role)
