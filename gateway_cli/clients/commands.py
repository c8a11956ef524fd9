"""`chat-gateway clients …`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from client_keys.policy import UnusablePolicyError
from gateway_cli.clients import budget, changes, parameters, speech, views
from gateway_cli.clients.errors import ClientsError, RoleMissingError
from gateway_cli.clients.file_commands import export, import_
from gateway_cli.clients.key_commands import add_role, revoke, rotate
from gateway_cli.clients.settings import ClientSettings
from gateway_cli.clients.state_commands import delete, resume, suspend
from gateway_cli.clients.table import ClientsTable
from gateway_cli.deployed import deployed

if TYPE_CHECKING:
    import boto3

    from gateway_cli.clients.parameters import SettingsChange
    from gateway_cli.stack_outputs import StackOutputs


@click.group("clients")
def clients() -> None:
    """Who may call the gateway, with which keys, and what each may use."""


@clients.command("create")
@parameters.client_id
@parameters.role_arn(required=False)
@parameters.settings_options
@deployed(ClientsError, UnusablePolicyError)
def create(
    session: boto3.Session, outputs: StackOutputs, client_id: str, role: str | None, change: SettingsChange
) -> None:
    """Creates a client and prints its key, once: only a hash is kept.

    Standard output has the key alone. With --role-arn, and where callers send JWTs, the client has no key.
    """
    table, settings = ClientsTable.of(session, outputs), change.applied_to(ClientSettings())
    if role is None and outputs.client_auth == "keys":
        key = changes.create(table, client_id, settings)
        click.echo(f"Created {client_id}. This is its key; it cannot be read again:", err=True)
        click.echo(key)
        return
    if role is None and outputs.client_auth == "iam":
        raise RoleMissingError
    changes.create_without_key(table, client_id, settings, role=role)
    click.echo(f"Created {client_id}.", err=True)
    speech.let_in(outputs.client_auth, client_id, role)


@clients.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each, a line each.")
@deployed()
def list_(session: boto3.Session, outputs: StackOutputs, as_json: bool) -> None:
    """Shows all clients."""
    found = list(ClientsTable.of(session, outputs).clients().values())
    if as_json:
        for client in found:
            click.echo(json.dumps(views.document(client)))
    elif found:
        views.print_list(found)
    else:
        click.echo("There are no clients.", err=True)


@clients.command("show")
@parameters.client_id
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@deployed(ClientsError)
def show(session: boto3.Session, outputs: StackOutputs, client_id: str, as_json: bool) -> None:
    """Shows a client, what it may use, and its keys."""
    client = ClientsTable.of(session, outputs).client(client_id)
    used = budget.used(session, outputs, client)
    if as_json:
        click.echo(json.dumps({**views.document(client), **views.budget_document(client, used)}))
    else:
        views.print_one(client, used)


@clients.command("update")
@parameters.client_id
@parameters.settings_options
@parameters.now
@deployed(ClientsError, UnusablePolicyError)
def update(
    session: boto3.Session, outputs: StackOutputs, client_id: str, change: SettingsChange, flushes: bool
) -> None:
    """Changes a client's settings. What no option names stays.

    --model replaces all patterns. An empty --name or --owner removes it.
    """
    if change == parameters.NOTHING:
        raise click.UsageError("Nothing to change: give at least one option, such as --model.")
    table = ClientsTable.of(session, outputs)
    client = table.client(client_id)
    changes.update(table, client, change.applied_to(client.readable_settings()))
    click.echo(f"Changed {client_id}.")
    speech.take_effect(
        session, outputs, flushes=flushes, keeps="use the earlier settings", of_jobs=speech.JOBS_FOLLOW
    )


for _command in (add_role, rotate, revoke, suspend, resume, delete, import_, export):
    clients.add_command(_command)
