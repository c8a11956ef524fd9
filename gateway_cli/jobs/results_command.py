"""The command `jobs results`, which writes results to a file: of one submission, or all in the queue."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway_cli.deployed import deployed
from gateway_cli.jobs import file_parameters, interruption, results_of_queue, results_of_submission
from gateway_cli.jobs.input_check import FileChangedError
from gateway_cli.jobs.job_records import RecordsUnreadError
from gateway_cli.jobs.results import Until
from gateway_cli.jobs.results_file import ResultsFile, ResultsFileError
from gateway_cli.jobs.submission_record import RecordError

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs

_MAX_IDLE_S = 86_400
_ONE_SOURCE = "Use either --expect INPUT for the results of one submission, or --all or --count N for all results in the queue."


def _of_one_source(command: Callable[..., None]) -> Callable[..., None]:
    """Refuses options that contradict each other before the first call to AWS."""

    @wraps(command)
    def run(**options: Any) -> None:
        from_queue = options["take_all"] or options["count"] is not None
        if from_queue == (options["expect"] is not None):
            raise click.UsageError(_ONE_SOURCE)
        if options["record"] is not None and from_queue:
            raise click.UsageError("--record can only be used with --expect.")
        command(**options)

    return run


def _number(_context: click.Context, _parameter: click.Parameter, seconds: float) -> float:
    """Refuses `nan`, which click.FloatRange accepts."""
    if math.isnan(seconds):
        raise click.BadParameter("nan is not a number of seconds.")
    return seconds


@click.command("results")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    callback=file_parameters.written,
    help="The file for the results. Results that are already in the file are not added again.",
)
@click.option(
    "--expect",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=file_parameters.regular,
    help="Collect only the results of this input file's submission. Ends when all results have come.",
)
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=file_parameters.regular,
    help="The submission's record, written by `jobs submit`. Default: INPUT.ENV.submitted.",
)
@click.option("--all", "take_all", is_flag=True, help="Take all results in the queue, of any submission.")
@click.option("--count", type=click.IntRange(1), help="Like --all, but end after this many new results.")
@click.option(
    "--idle-s",
    type=click.FloatRange(0, _MAX_IDLE_S, min_open=True),
    callback=_number,
    default=30,
    show_default=True,
    help="End after this many seconds without a new result.",
)
@click.option(
    "--receivers",
    type=click.IntRange(1, 32),
    default=4,
    show_default=True,
    help="The number of parallel requests.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@_of_one_source
@deployed(ResultsFileError, RecordError, FileChangedError, RecordsUnreadError)
def results(
    session: boto3.Session,
    outputs: StackOutputs,
    out: Path,
    expect: Path | None,
    record: Path | None,
    take_all: bool,  # noqa: ARG001 - true if there is neither `expect` nor `count`
    count: int | None,
    idle_s: float,
    receivers: int,
    as_json: bool,
) -> None:
    """Writes results to a file, each result once.

    With --expect, collects the results of one submission. They also stay in the results queue. With --all or --count,
    takes results of any submission from the queue and deletes them there once they are on disk. Exits with 3 if some of
    the requested results have not come.
    """
    with interruption.heeded() as heeded:
        if expect is None:
            with _opened(out) as file:
                until = Until(count=count, idle_s=idle_s)
                results_of_queue.take(
                    session, outputs, file, heeded, until=until, receivers=receivers, as_json=as_json
                )
            return
        submission = results_of_submission.find(session, outputs, expect, record, heeded)
        with _opened(out) as file:
            results_of_submission.collect(
                session,
                outputs,
                file,
                submission,
                heeded,
                idle_s=idle_s,
                readers=receivers,
                as_json=as_json,
            )


@contextmanager
def _opened(out: Path) -> Iterator[ResultsFile]:
    with ResultsFile(out) as file:
        if file.torn_bytes:
            click.echo(
                f"The file ended within a line ({file.torn_bytes} bytes). This line was removed; its result comes again.",
                err=True,
            )
        yield file
