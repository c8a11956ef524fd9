"""`env` prints the shell variables for calling a deployed environment or the local stack."""

from __future__ import annotations

import os
import shlex
import sys

import click

from gateway_cli import local_stack
from gateway_cli.deployed import found, options, told

_CLIENT_KEY = "CLIENT_KEY"


@click.command("env")
@options
def env(*, env_name: str, region: str | None, profile: str | None, stack: str | None) -> None:
    """Prints `export` lines for a shell: BASE_URL, and CLIENT_KEY unless it is set.

    Use it as: eval "$(chat-gateway env --env dev)". On a terminal, the command asks for the client key. For
    `--env local`, the lines have the running stack's client key and point AWS's tools to the local AWS.
    """
    with told(local_stack.NotRunningError, env_name=env_name):
        if env_name == local_stack.NAME:
            variables = local_stack.variables(local_stack.STACK_FILE)
        else:
            _, outputs = found(env_name, region, profile, stack)
            variables = {"BASE_URL": outputs.base_url, **_credential(outputs.client_auth)}
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _credential(client_auth: str) -> dict[str, str]:
    """What `_client_key` gives. For signed requests there is no variable, and for JWTs the token takes the key's place."""
    if client_auth == "iam":
        click.echo("Callers sign their requests with AWS credentials: there is no CLIENT_KEY.", err=True)
        return {}
    if client_auth == "jwt" and not os.environ.get(_CLIENT_KEY):
        click.echo(f"{_CLIENT_KEY} is not set. Set it to a JWT of your identity provider.", err=True)
        return {}
    return _client_key()


def _client_key() -> dict[str, str]:
    """The variable CLIENT_KEY; empty if the environment has it already, or the user gives no key."""
    if os.environ.get(_CLIENT_KEY):
        click.echo(f"{_CLIENT_KEY} is already set and was not changed.", err=True)
        return {}
    if not sys.stdin.isatty():
        click.echo(f"{_CLIENT_KEY} is not set. Set it to a client's key.", err=True)
        return {}
    key = click.prompt(
        "Client key (press Enter for none)", hide_input=True, default="", show_default=False, err=True
    ).strip()
    return {_CLIENT_KEY: key} if key else {}
