"""`clients suspend`, `clients resume` and `clients delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gateway_cli.clients import changes, parameters, speech
from gateway_cli.clients.errors import ClientsError, HasFilesError
from gateway_cli.clients.table import ClientsTable
from gateway_cli.deployed import deployed
from gateway_cli.files.stored_files import StoredFiles

if TYPE_CHECKING:
    import boto3

    from gateway_cli.clients.records import StoredClient
    from gateway_cli.stack_outputs import StackOutputs

_PASSES = "accept the client's keys"


@click.command("suspend")
@parameters.client_id
@parameters.now
@parameters.yes
@deployed(ClientsError)
def suspend(session: boto3.Session, outputs: StackOutputs, client_id: str, flushes: bool, yes: bool) -> None:
    """Refuses a client's requests and jobs until `resume`. Its keys stay."""
    table = ClientsTable.of(session, outputs)
    client = table.client(client_id)
    speech.confirm(f"Suspend {client_id} in {outputs.stage_name}?", yes=yes)
    changes.set_active(table, client, is_active=False)
    click.echo(f"Suspended {client_id}.")
    speech.take_effect(session, outputs, flushes=flushes, keeps=_PASSES, of_jobs=speech.JOBS_FOLLOW)


@click.command("resume")
@parameters.client_id
@parameters.now
@deployed(ClientsError)
def resume(session: boto3.Session, outputs: StackOutputs, client_id: str, flushes: bool) -> None:
    """Lets a suspended client in again."""
    table = ClientsTable.of(session, outputs)
    client = table.client(client_id)
    changes.set_active(table, client, is_active=True)
    click.echo(f"Resumed {client_id}.")
    if client.has_expired():
        click.echo("It has expired: `clients update --expires` lets it in.", err=True)
    speech.take_effect(
        session, outputs, flushes=flushes, keeps="refuse the client's keys", of_jobs=speech.JOBS_FOLLOW
    )


@click.command("delete")
@parameters.client_id
@click.option(
    "--files", "with_files", is_flag=True, help="Delete the client's files, uploads and batches, too."
)
@parameters.now
@parameters.yes
@deployed(ClientsError)
def delete(
    session: boto3.Session, outputs: StackOutputs, client_id: str, with_files: bool, flushes: bool, yes: bool
) -> None:
    """Deletes a client and its keys for good. A client that has files or batches is deleted only with --files."""
    table = ClientsTable.of(session, outputs)
    client = table.client(client_id)
    files = None if outputs.resources_table is None else StoredFiles.of(session, outputs)
    resources = "" if files is None else speech.resources(**files.counts(client.resources_owner)._asdict())
    if resources and not with_files:
        raise HasFilesError(client_id, resources)
    held = ", ".join(filter(None, (speech.count_of_keys(len(client.keys)), resources)))
    speech.confirm(f"Delete {client_id} ({held}) in {outputs.stage_name} for good?", yes=yes)
    if files is not None and with_files:
        _delete_with_files(table, client, files)
    else:
        table.delete(client)
    click.echo(f"Deleted {client_id} ({held}).")
    speech.take_effect(session, outputs, flushes=flushes, keeps=_PASSES, of_jobs=speech.JOBS_FOLLOW)


def _delete_with_files(table: ClientsTable, client: StoredClient, files: StoredFiles) -> None:
    """Suspends the client first, so that it makes no batch meanwhile, and its lines stop.

    API Gateway may still let its keys pass for some minutes, so files are looked for again at the end.
    """
    if client.settings.is_active:
        changes.set_active(table, client, is_active=False)
        client = table.client(client.client_id)
    files.delete_all(client.resources_owner)
    table.delete(client)
    files.delete_all(client.resources_owner)
