"""`clients export` and `clients import`."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway_cli.clients import client_lines, importing, parameters, speech
from gateway_cli.clients.errors import ClientsError
from gateway_cli.clients.importing import Import, Plan
from gateway_cli.clients.table import ClientsTable
from gateway_cli.deployed import deployed
from gateway_cli.jobs import file_parameters, screen

if TYPE_CHECKING:
    import boto3

    from gateway_cli.clients.client_lines import ListedClient
    from gateway_cli.clients.records import StoredClient
    from gateway_cli.stack_outputs import StackOutputs

_NAMED = 10  # clients that a question names


@click.command("export")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=file_parameters.written,
    help="Replace this file. Default: standard output.",
)
@deployed(ClientsError)
def export(session: boto3.Session, outputs: StackOutputs, out: Path | None) -> None:
    """Writes all clients as JSON, a line each, with the hashes of their keys.

    Temporary clients of `chat-gateway prove` are left out.
    """
    clients = ClientsTable.of(session, outputs).clients().values()
    found = [client_lines.written(client) for client in clients if not client.is_temporary]
    if out is None:
        for line in found:
            click.echo(line)
        return
    _replace(out, "".join(f"{line}\n" for line in found))
    click.echo(f"Wrote {out}. Clients: {len(found)}.", err=True)


@click.command("import")
@click.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=file_parameters.regular,
)
@click.option("--update", "may_update", is_flag=True, help="Change clients that exist and differ from FILE.")
@parameters.yes
@deployed(ClientsError)
def import_(session: boto3.Session, outputs: StackOutputs, file: Path, may_update: bool, yes: bool) -> None:
    """Brings the clients of FILE, as `export` writes it, into the environment.

    The whole file is checked first; with a bad line in it, nothing is written. No key is made: a client without keys
    gets one by `rotate`. Stopped for whatever reason, the same command brings the rest.
    """
    with file.open("rb") as opened:
        listed = client_lines.read(opened)
    table = ClientsTable.of(session, outputs)
    plan = importing.plan(table.clients(), listed, may_update=may_update)
    if plan.changed:
        speech.confirm(f"Change these clients in {outputs.stage_name}: {_changed(plan)}?", yes=yes)
    run = Import(table, plan)
    try:
        with screen.progress("Importing", len(plan.new) + len(plan.changed)) as bar:
            run.run(bar)
    finally:
        click.echo(
            f"created: {run.created}, changed: {run.updated}, already as in the file: {len(plan.same)}"
        )
    if any(not client.keys for client in plan.new):
        click.echo("Clients without a key get one with `clients rotate`.", err=True)
    if plan.changed:
        speech.take_effect(
            session, outputs, flushes=None, keeps="use the earlier settings", of_jobs=speech.JOBS_FOLLOW
        )


def _changed(plan: Plan) -> str:
    names = [f"{client.client_id}{_let_in(client, listed)}" for client, listed in plan.changed]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _let_in(before: StoredClient, listed: ListedClient) -> str:
    """What a line does to let a client in again, which is easily overlooked."""
    if before.unreadable:
        return ""
    is_resumed = listed.settings.is_active and not before.settings.is_active
    is_renewed = listed.settings.valid_until is None and before.settings.valid_until is not None
    does = [word for word, is_so in (("resumes", is_resumed), ("never expires", is_renewed)) if is_so]
    return f" ({', '.join(does)})" if does else ""


def _replace(file: Path, text: str) -> None:
    """Writes the file whole or not at all."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
        Path(name).replace(file)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
