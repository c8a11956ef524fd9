"""`chat-gateway usage`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from client_usage import item as usage_item
from gateway_cli.clients import settings
from gateway_cli.deployed import deployed
from gateway_cli.jobs import screen
from gateway_cli.usage import days, sums, views
from gateway_cli.usage.table import NoUsageTableError, UsageTable

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs
    from gateway_cli.usage.table import ModelUsage


def _client(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    if text is None or text == usage_item.NO_CLIENT:
        return text
    try:
        return settings.require_client_id(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None


def _day(parse: Callable[[str], date | int]) -> Callable[..., date | int | None]:
    def parsed(_: click.Context, __: click.Parameter, text: str | None) -> date | int | None:
        try:
            return None if text is None else parse(text)
        except ValueError as error:
            raise click.BadParameter(f"{error}.") from None

    return parsed


_SINCE = click.option(
    "--since",
    default="7d",
    show_default=True,
    metavar="DAY",
    callback=_day(days.parse_since),
    help=f"The first day ({days.FORM_IN_WORDS}), or a number of days such as 7d, which ends with --until.",
)
_UNTIL = click.option(
    "--until",
    metavar="DAY",
    callback=_day(days.parse),
    help=f"The last day ({days.FORM_IN_WORDS}). Default: today.",
)


def _range_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds `--since` and `--until`; the command gets them as `range_`, all days of the range."""

    @wraps(command)
    def run(*, since: date | int, until: date | None, **arguments: Any) -> None:
        try:
            range_ = days.between(since, until or days.today())
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        command(range_=range_, **arguments)

    return _SINCE(_UNTIL(run))


@click.command("usage")
@click.option("--by", required=True, type=click.Choice(sums.KEYS), help="What each row stands for.")
@_range_options
@click.option("--client", metavar="ID", callback=_client, help="Only this client's usage.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each row, a line each.")
@deployed(NoUsageTableError)
def usage(
    session: boto3.Session,
    outputs: StackOutputs,
    by: str,
    range_: list[date],
    client: str | None,
    as_json: bool,
) -> None:
    """Shows what was used and what it cost, by client, model or day.

    Days begin at 00:00 UTC. The range includes its first and its last day, and has at most 400 days.
    """
    rows = sums.by(by, _read(UsageTable.of(session, outputs), range_, client))
    if not rows:
        click.echo(_nothing(range_, client), err=True)
    elif as_json:
        views.print_json(by, rows)
    else:
        click.echo(f"Usage from {range_[0]} to {range_[-1]}, days in UTC:", err=True)
        views.print_table(by, rows)


def _read(table: UsageTable, range_: list[date], client: str | None) -> list[ModelUsage]:
    found: list[ModelUsage] = []
    with screen.progress("Reading days", len(range_)) as bar:
        for read, day in enumerate(range_, start=1):
            found += table.of_day(day, client)
            bar(read)
    return found


def _nothing(range_: list[date], client: str | None) -> str:
    of_client = "" if client is None else f" of {client}"
    return (
        f"No usage{of_client} was recorded from {range_[0]} to {range_[-1]}, days in UTC. "
        "Usage of clients without limits is recorded only with clients.record_usage = true."
    )
