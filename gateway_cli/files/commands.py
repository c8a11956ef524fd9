"""`chat-gateway files …`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway_cli.clients import dates, parameters, speech
from gateway_cli.clients.errors import ClientsError
from gateway_cli.clients.table import ClientsTable
from gateway_cli.deployed import deployed
from gateway_cli.files.stored_files import FilesError, StoredFiles
from gateway_cli.jobs import file_parameters, screen

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs
    from resource_items.file_item import File

_CLIENT = click.option(
    "--client",
    "client_id",
    required=True,
    metavar="ID",
    callback=parameters.client_id_text,
    help="The client that the files belong to.",
)


@click.group("files")
def files() -> None:
    """Files of clients: inputs and outputs of batches."""


@files.command("upload")
@click.argument(
    "path",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=file_parameters.regular,
)
@_CLIENT
@deployed(FilesError, ClientsError)
def upload(session: boto3.Session, outputs: StackOutputs, path: Path, client_id: str) -> None:
    """Sends FILE of any size straight to S3, as a client's input for batches, and prints its id.

    Standard output has the id alone. The file is kept for 30 days.
    """
    size_bytes = path.stat().st_size
    if not size_bytes:
        raise FilesError(f"{path} is empty.")
    stored = StoredFiles.of(session, outputs)
    client = ClientsTable.of(session, outputs).client(client_id)
    with screen.progress("Sending", size_bytes, in_bytes=True) as bar:
        file = stored.upload(client.resources_owner, path, progress=bar)
    click.echo(f"Stored {file.bytes} bytes for {client_id}.", err=True)
    click.echo(file.id)


@files.command("list")
@_CLIENT
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each, a line each.")
@deployed(FilesError, ClientsError)
def list_(session: boto3.Session, outputs: StackOutputs, client_id: str, as_json: bool) -> None:
    """Shows a client's files, the newest last."""
    stored = StoredFiles.of(session, outputs)
    found = stored.files(ClientsTable.of(session, outputs).client(client_id).resources_owner)
    if as_json:
        for file in found:
            click.echo(json.dumps(file.document()))
    elif found:
        columns = ("file", "name", "purpose", "bytes", "expires")
        screen.table(columns, (_row(file) for file in found), right={"bytes"})
    else:
        click.echo(f"{client_id} has no files.", err=True)


@files.command("delete")
@click.argument("file_ids", metavar="FILE_ID...", nargs=-1, required=True)
@_CLIENT
@parameters.yes
@deployed(FilesError, ClientsError)
def delete(
    session: boto3.Session, outputs: StackOutputs, file_ids: tuple[str, ...], client_id: str, yes: bool
) -> None:
    """Deletes files of a client for good."""
    stored = StoredFiles.of(session, outputs)
    client = ClientsTable.of(session, outputs).client(client_id)
    found = {file.id: file for file in stored.files(client.resources_owner)}
    if missing := [file_id for file_id in file_ids if file_id not in found]:
        raise FilesError(f"Nothing was deleted: {client_id} has no file {', '.join(missing)}.")
    count = speech.count_of_files(len(set(file_ids)))
    speech.confirm(f"Delete {count} of {client_id} in {outputs.stage_name} for good?", yes=yes)
    for file_id in dict.fromkeys(file_ids):
        stored.delete(found[file_id])
    click.echo(f"Deleted {count} of {client_id}.")


def _row(file: File) -> tuple[object, ...]:
    return (file.id, file.filename, file.purpose, file.bytes, dates.shown(file.expires_at))
