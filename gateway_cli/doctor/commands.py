"""`chat-gateway doctor`."""

from __future__ import annotations

import os
import sys

import boto3
import click

from gateway_cli import termination
from gateway_cli.deployed import options, told
from gateway_cli.doctor import checks, findings, views


@click.command("doctor")
@click.option(
    "--paid", is_flag=True, help="Also ask each allowed model for an answer. Costs some tokens each."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each check, a line each.")
@options
def doctor(
    *, env_name: str, region: str | None, profile: str | None, stack: str | None, paid: bool, as_json: bool
) -> None:
    """Says what is wrong with an environment, and what to do.

    Each line is a check: `ok`, `note` (may become a problem), `PROBLEM`, `?` (could not be checked) or `-` (not checked, because
    of another finding). The exit code is 0 if nothing is wrong, 1 if something is, and 3 if nothing is known to be wrong, but a
    check could not be made. Doctor changes nothing. Without --paid, it costs less than a cent.
    """
    with told(env_name=env_name), termination.as_keyboard_interrupt():
        session = boto3.Session(region_name=region or os.environ.get("AWS_REGION"), profile_name=profile)
        found = []
        for finding in checks.examined(session, env_name, stack, is_paid=paid):
            click.echo(views.json_line(finding) if as_json else views.line(finding))
            found.append(finding)
        if not as_json:
            click.echo(views.summary(found))
    sys.exit(findings.exit_code(found))
