"""`chat-gateway trace`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from gateway_cli.deployed import deployed
from gateway_cli.jobs import exit_codes
from gateway_cli.trace import ids, since, story, sums, views

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs
    from gateway_cli.trace.story import Story


def _id(_: click.Context, __: click.Parameter, text: str) -> str:
    try:
        return ids.checked(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None


def _since(_: click.Context, __: click.Parameter, text: str) -> int:
    try:
        return since.seconds(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None


@click.command("trace")
@click.argument("request_id", callback=_id)
@click.option(
    "--since",
    "since_s",
    default="24h",
    show_default=True,
    metavar="TIME",
    callback=_since,
    help=f"How far back to look: {since.FORM_IN_WORDS}.",
)
@click.option("--lines", "has_lines", is_flag=True, help="Of a batch, also print each line that failed.")
@click.option("--json", "as_json", is_flag=True, help="Print the raw lines, a JSON object each.")
@deployed()
def trace(
    session: boto3.Session,
    outputs: StackOutputs,
    request_id: str,
    since_s: int,
    has_lines: bool,
    as_json: bool,
) -> None:
    """Prints what happened to a request, job or batch, in the order of time.

    REQUEST_ID is the answer's x-request-id, Bedrock's or the caller's own request id, the trace id of the request's
    traceparent, a job's id or idempotency key, or a batch's id. The exit code is 3 if nothing is found, or a log group or table
    could not be read.
    """
    start_ms = round((time.time() - since_s) * 1000)
    found = story.of(session, outputs, request_id, start_ms=start_ms, has_lines=has_lines)
    for event in found.events:
        click.echo(views.json_line(event) if as_json else views.line(event))
    total = sums.of(found.events)
    if total and not as_json:
        click.echo(f"Sum: {total}")
    for where, reason in found.unread.items():
        click.echo(f"Not read: {where}: {reason}.", err=True)
    if not found.events:
        click.echo(_nothing(found, request_id, start_ms, str(session.region_name)), err=True)
    if found.unread or not found.events:
        sys.exit(exit_codes.INCOMPLETE)


def _nothing(found: Story, request_id: str, start_ms: int, region: str) -> str:
    groups = ", ".join(where for where in found.searched if where not in found.unread)
    return (
        f"Nothing was found about {request_id} since {views.time(start_ms)} in {region}. Searched: {groups or 'nothing'}. "
        "The id may be another environment's or region's, older than --since, or older than the logs are kept "
        "(logs.retention_in_days). A new line may take some seconds until it can be found."
    )
