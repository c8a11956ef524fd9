"""`env`: prints the lines by which a shell calls a deployed environment, or the local stack."""

from __future__ import annotations

import os
import shlex
import sys

import click

from gateway_cli import local_stack
from gateway_cli.deployed import found, options, told

_LOCAL = "local"
_CLIENT_KEY = "CLIENT_KEY"


@click.command("env")
@options
def env(*, env_name: str, region: str | None, profile: str | None, stack: str | None) -> None:
    """Prints `export` lines: BASE_URL and, where it is to be set, CLIENT_KEY.

    For a shell: eval "$(chat-gateway env --env dev)". A CLIENT_KEY in the environment stays; without one, the key is
    asked for on a terminal. For `--env local`, the lines have the running stack's client key and lead AWS's tools to
    the local AWS.
    """
    with told(local_stack.NotRunningError):
        if env_name == _LOCAL:
            variables = local_stack.variables(local_stack.STACK_FILE)
        else:
            _, outputs = found(env_name, region, profile, stack)
            variables = {"BASE_URL": outputs.base_url, **_client_key()}
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _client_key() -> dict[str, str]:
    """Nothing where the environment has the key, or nobody gives it."""
    if os.environ.get(_CLIENT_KEY):
        click.echo(f"{_CLIENT_KEY} stays as it is set.", err=True)
        return {}
    if not sys.stdin.isatty():
        click.echo(f"{_CLIENT_KEY} is not set: give it a client's key.", err=True)
        return {}
    key = click.prompt(
        "Client key (Enter: none)", hide_input=True, default="", show_default=False, err=True
    ).strip()
    return {_CLIENT_KEY: key} if key else {}
