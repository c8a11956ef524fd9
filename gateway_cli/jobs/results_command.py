"""`jobs results`: receives results into a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway_cli.deployed import deployed
from gateway_cli.jobs import aws_clients, exit_codes, file_parameters, input_check, interruption, screen
from gateway_cli.jobs.expected_ids import ExpectedIds
from gateway_cli.jobs.interruption import Interruption
from gateway_cli.jobs.large_results import LargeResults
from gateway_cli.jobs.results import Received, Reception, Until
from gateway_cli.jobs.results_file import ResultsFile, ResultsFileError

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs


@click.command("results")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    callback=file_parameters.written,
    help="The file to add to. Results that it holds already are not added again.",
)
@click.option("--count", type=click.IntRange(1), help="End after so many new results.")
@click.option(
    "--expect",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=file_parameters.regular,
    help="End when every custom_id of this input file has a result in --out.",
)
@click.option(
    "--idle-s",
    type=click.FloatRange(0, min_open=True),
    default=30,
    show_default=True,
    help="End when nothing new has come for so many seconds.",
)
@click.option(
    "--receivers", type=click.IntRange(1, 32), default=4, show_default=True, help="Long polls at once."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@deployed(ResultsFileError)
def results(
    session: boto3.Session,
    outputs: StackOutputs,
    out: Path,
    count: int | None,
    expect: Path | None,
    idle_s: float,
    receivers: int,
    as_json: bool,
) -> None:
    """Takes results from the queue into a file, each once, large ones whole.

    A result leaves the queue only when it is on disk. Exits with 3 where --count or --expect was not reached.
    """
    sqs = aws_clients.sqs(session, threads=receivers)
    large = LargeResults(aws_clients.s3(session, threads=receivers), outputs.large_results_bucket)
    with ResultsFile(out) as file, interruption.heeded() as heeded:
        _tell_torn(file)
        until = Until(count=count, expected=_expected(expect, file), idle_s=idle_s)
        reception = Reception(sqs, outputs.results_queue_url, large, file, until)
        try:
            _receive(reception, until, heeded, receivers)
        finally:
            _report(file, reception.received, until, as_json=as_json)
        _end(reception, file, until, heeded)


def _expected(expect: Path | None, file: ResultsFile) -> ExpectedIds | None:
    if expect is None:
        return None
    with expect.open("rb") as opened:
        expected = ExpectedIds(input_check.custom_ids(opened))
    for line in file.lines():
        expected.arrived(line.custom_id)
    return expected


def _receive(reception: Reception, until: Until, heeded: Interruption, receivers: int) -> None:
    expected = until.expected
    with screen.progress("Receiving", until.count if expected is None else expected.total) as bar:

        def watch() -> None:
            bar(reception.received.new if expected is None else expected.total - expected.missing_count)

        reception.run(heeded, receivers=receivers, watch=watch)


def _report(file: ResultsFile, received: Received, until: Until, *, as_json: bool) -> None:
    """Says on standard output what came."""
    missing = None if until.expected is None else until.expected.missing_count
    if as_json:
        document = {
            "new": received.new,
            "repeats": received.repeats,
            "conflicts": received.conflict_count,
            "first_conflicts": received.conflicts,
            "left_in_queue": [{"message_id": id_, "reason": why} for id_, why in received.left.items()],
            "in_file": file.count(),
            "missing": missing,
        }
        click.echo(json.dumps(document))
    else:
        of_expected = "" if missing is None else f", {missing} are missing"
        click.echo(
            f"{received.new} new results, {received.repeats} repeats; the file holds {file.count()}{of_expected}."
        )


def _tell_torn(file: ResultsFile) -> None:
    if file.torn_bytes:
        click.echo(
            f"The file ended within a line ({file.torn_bytes} bytes), which was cut off; its result comes again.",
            err=True,
        )


def _end(reception: Reception, file: ResultsFile, until: Until, heeded: Interruption) -> None:
    received = reception.received
    for message_id, reason in received.left.items():
        click.echo(f"message {message_id} was left in the results queue: {reason}", err=True)
    for id_ in received.conflicts:
        click.echo(f"result {screen.printable(id_)} came with two different lines", err=True)
    if received.conflict_count:
        raise click.ClickException(
            f"{received.conflict_count} results contradict one in the file; both lines are in {file.conflicts_path}."
        )
    if received.left:
        raise click.ClickException("Not every message in the results queue is a result of this stack's.")
    if heeded.asked and not reception.is_enough:
        click.echo("Stopped. The same command goes on.", err=True)
        raise SystemExit(exit_codes.INTERRUPTED)
    if not reception.is_complete:
        click.echo(
            f"Nothing new for {until.idle_s:g} s. `jobs status` tells what is still waiting, "
            "`jobs dead-letters list` what has failed.",
            err=True,
        )
        raise SystemExit(exit_codes.INCOMPLETE)
