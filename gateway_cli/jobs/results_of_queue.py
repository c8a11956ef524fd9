"""`jobs results --all` and `--count`: takes results of any submission from the results queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from gateway_cli.jobs import aws_clients, exit_codes, interruption, screen
from gateway_cli.jobs.interruption import Interruption
from gateway_cli.jobs.large_results import LargeResults
from gateway_cli.jobs.results import Received, Reception, Until
from gateway_cli.jobs.results_file import ResultsFile

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs


def take(
    session: boto3.Session,
    outputs: StackOutputs,
    file: ResultsFile,
    heeded: Interruption,
    *,
    until: Until,
    receivers: int,
    as_json: bool,
) -> None:
    """Receives results and prints a summary. Raises click's exceptions and SystemExit."""
    sqs = aws_clients.sqs(session, threads=receivers)
    large = LargeResults(aws_clients.s3(session, threads=receivers), outputs.large_results_bucket)
    reception = Reception(sqs, outputs.results_queue_url, large, file, until)
    try:
        with screen.progress("Receiving", until.count) as bar:
            reception.run(heeded, receivers=receivers, watch=lambda: bar(reception.received.new))
    finally:
        _report(file, reception.received, as_json=as_json)
    _end(reception, file, until, heeded)


def _report(file: ResultsFile, received: Received, *, as_json: bool) -> None:
    """Prints a summary of the received results to standard output."""
    if as_json:
        document = {
            "new": received.new,
            "repeats": received.repeats,
            "conflicts": received.conflict_count,
            "first_conflicts": received.conflicts,
            "left_in_queue": [{"message_id": id_, "reason": why} for id_, why in received.left.items()],
            "in_file": file.count(),
        }
        click.echo(json.dumps(document))
    else:
        click.echo(
            f"{received.new} new results, {received.repeats} repeats. The file has {file.count()} results."
        )


def _end(reception: Reception, file: ResultsFile, until: Until, heeded: Interruption) -> None:
    received = reception.received
    for message_id, reason in received.left.items():
        click.echo(f"message {message_id} stays in the results queue: {reason}", err=True)
    for id_ in received.conflicts:
        click.echo(f"result {screen.printable(id_)} came with two different lines", err=True)
    if received.conflict_count:
        raise click.ClickException(
            f"{received.conflict_count} results differ from those in the file. Both lines are in {file.conflicts_path}."
        )
    if received.left:
        raise click.ClickException("Some messages in the results queue are not results of this stack.")
    if heeded.asked and not reception.is_enough:
        raise interruption.stopped()
    if not reception.is_complete:
        click.echo(
            f"No new result for {until.idle_s:g} s. `jobs status` shows how many jobs are waiting, and "
            "`jobs dead-letters list` shows the failed jobs.",
            err=True,
        )
        raise SystemExit(exit_codes.INCOMPLETE)
