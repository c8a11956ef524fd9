"""`jobs results --expect`: collects the results of one submission."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway_cli.jobs import (
    aws_clients,
    checking,
    exit_codes,
    interruption,
    job_keys,
    screen,
    status,
    submission_record,
)
from gateway_cli.jobs.collection import Collected, Collection, Places
from gateway_cli.jobs.expected_lines import ExpectedLines, State
from gateway_cli.jobs.interruption import Interruption
from gateway_cli.jobs.job_records import JobRecords
from gateway_cli.jobs.large_results import LargeResults
from gateway_cli.jobs.results_file import ResultsFile
from gateway_cli.jobs.submission_record import Identity, RecordInUseError

if TYPE_CHECKING:
    import boto3

    from gateway_cli.jobs.input_check import CheckedInput
    from gateway_cli.stack_outputs import StackOutputs

_IDS_SHOWN = 50
RECORD_IN_USE_WAIT_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One submission of an input file. `unsent` is the number of lines that were not sent and are not expected."""

    input: Path
    id: str
    expected: ExpectedLines
    unsent: int


def find(
    session: boto3.Session, outputs: StackOutputs, path: Path, record: Path | None, heeded: Interruption
) -> Submission:
    """The submission of the input file at `path`. Raises RecordError, FileChangedError, and SystemExit if interrupted."""
    record = record or submission_record.beside(path, outputs.stage_name)
    with path.open("rb") as file:
        checked = checking.checked(file, heeded)
        if checked is None:
            raise interruption.stopped()
        queue = status.identity(aws_clients.sqs(session), outputs.jobs_queue_url)
        id_, expected = _read(record, Identity(checked.sha256, queue), heeded)
        _name(expected, checked, heeded)
    return Submission(
        input=path, id=id_, expected=expected, unsent=max(0, checked.good_count - expected.total)
    )


def _read(record: Path, identity: Identity, heeded: Interruption) -> tuple[str, ExpectedLines]:
    """The submission's id and the sent lines. Waits until `jobs submit` has ended."""
    says_why = True
    while True:
        try:
            with submission_record.read(record, identity) as (id_, lines):
                return id_, ExpectedLines(lines)
        except RecordInUseError as in_use:
            if says_why:
                click.echo(f"{in_use} Waiting until that process has ended.", err=True)
            says_why = False
            if heeded.stop.wait(RECORD_IN_USE_WAIT_S):
                raise interruption.stopped() from None


def _name(expected: ExpectedLines, checked: CheckedInput, heeded: Interruption) -> None:
    for number, custom_id in checked.good_ids():
        expected.name(number, custom_id)
        if heeded.stop.is_set():
            raise interruption.stopped()


def collect(
    session: boto3.Session,
    outputs: StackOutputs,
    file: ResultsFile,
    submission: Submission,
    heeded: Interruption,
    *,
    idle_s: float,
    readers: int,
    as_json: bool,
) -> None:
    """Collects the results that are not in the file, and prints a summary. Raises click's exceptions and SystemExit."""
    expected = submission.expected
    for line in file.lines():
        number = job_keys.line_of(line.id, submission.id)
        if number is not None:
            expected.arrived(number)
    places = Places(
        records=JobRecords(aws_clients.dynamodb(session, threads=readers), outputs.job_records_table),
        large=LargeResults(aws_clients.s3(session, threads=readers), outputs.large_results_bucket),
        file=file,
    )
    collection = Collection(places, submission.id, expected)
    try:
        with screen.progress("Collecting", expected.total) as bar:
            collection.run(
                heeded,
                idle_s=idle_s,
                readers=readers,
                watch=lambda: bar(expected.total - expected.missing_count),
            )
    finally:
        _report(file, submission, collection.collected, as_json=as_json)
    _end(submission, collection.collected, heeded, idle_s=idle_s)


def _report(file: ResultsFile, submission: Submission, collected: Collected, *, as_json: bool) -> None:
    """Prints a summary of the collected results to standard output."""
    expected = submission.expected
    if as_json:
        document = {
            "new": collected.new,
            "in_file": file.count(),
            "expected": expected.total,
            "missing": expected.missing_count,
            "waiting": _missing(expected, State.WAITING),
            "dead_letters": _missing(expected, State.DEAD_LETTER),
            "unreadable": {
                **_missing(expected, State.UNREADABLE),
                "first_reasons": collected.unreadable,
            },
            "unsent": submission.unsent,
        }
        click.echo(json.dumps(document))
    else:
        click.echo(
            f"{collected.new} new results. {expected.missing_count} of {expected.total} sent lines have no result."
        )


def _missing(expected: ExpectedLines, state: State) -> dict[str, object]:
    return {"count": expected.count(state), "first_custom_ids": expected.custom_ids(state, limit=_IDS_SHOWN)}


def _end(submission: Submission, collected: Collected, heeded: Interruption, *, idle_s: float) -> None:
    expected = submission.expected
    _tell(expected, State.DEAD_LETTER, "failed for good; `jobs dead-letters redrive` retries them")
    idle = "" if heeded.asked else f", and no new result has come for {idle_s:g} s"
    _tell(expected, State.WAITING, f"have no result yet{idle}")
    _tell(expected, State.UNREADABLE, "have a result that cannot be read")
    for id_, reason in collected.unreadable.items():
        click.echo(f"{id_}: {reason}", err=True)
    if submission.unsent:
        click.echo(
            f"{submission.unsent} lines of {submission.input} were not sent. Send them with `jobs submit`.",
            err=True,
        )
    if collected.unreadable:
        raise click.ClickException("Some results cannot be read.")
    if heeded.asked and expected.missing_count:
        raise interruption.stopped()
    if expected.missing_count or submission.unsent:
        raise SystemExit(exit_codes.INCOMPLETE)


def _tell(expected: ExpectedLines, state: State, what: str) -> None:
    count = expected.count(state)
    if not count:
        return
    shown = expected.custom_ids(state, limit=_IDS_SHOWN)
    ids = ", ".join(map(screen.printable, shown))
    more = f" … and {count - len(shown)} more" if count > len(shown) else ""
    click.echo(f"{count} lines {what}: {ids}{more}", err=True)
