"""The command `jobs submit`, which checks a file and then sends its lines."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from client_keys.policy import CLIENT_ID
from gateway_cli.deployed import deployed
from gateway_cli.jobs import (
    aws_clients,
    checking,
    file_parameters,
    interruption,
    screen,
    status,
    submission_record,
)
from gateway_cli.jobs.input_check import CheckedInput, FileChangedError
from gateway_cli.jobs.interruption import Interruption
from gateway_cli.jobs.sending import SendError
from gateway_cli.jobs.submission_record import Identity, RecordError, SubmissionRecord
from gateway_cli.jobs.submit import Sent, Submission

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs

_BAD_LINES_SHOWN = 20
_BAD_LINES_IN_JSON = 100


def _known_form(_context: click.Context, _parameter: click.Parameter, client_id: str | None) -> str | None:
    if client_id is not None and not CLIENT_ID.fullmatch(client_id):
        raise click.BadParameter("a client's id has 1 to 64 letters, digits, dots, hyphens and underscores.")
    return client_id


@click.command("submit")
@click.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=file_parameters.regular,
)
@click.option("--skip-bad", is_flag=True, help="Send the good lines of a file that has bad lines.")
@click.option(
    "--senders",
    type=click.IntRange(1, 32),
    default=4,
    show_default=True,
    help="The number of parallel batches.",
)
@click.option(
    "--client",
    "client_id",
    metavar="CLIENT_ID",
    callback=_known_form,
    help="The client that the jobs belong to. The worker believes it if jobs.senders lists your role. "
    "Give the same client when you run the command again for a file.",
)
@click.option(
    "--record",
    "record_path",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=file_parameters.written,
    help="The record of the sent lines. Default: FILE.ENV.submitted.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@deployed(FileChangedError, RecordError, SendError)
def submit(
    session: boto3.Session,
    outputs: StackOutputs,
    file: Path,
    skip_bad: bool,
    senders: int,
    client_id: str | None,
    record_path: Path | None,
    as_json: bool,
) -> None:
    """Sends the lines of FILE, an OpenAI batch input file, to the jobs queue.

    The whole file is checked first. If a line is bad, nothing is sent. If the command stops for any reason, run it again
    to send the rest.
    """
    with file.open("rb") as opened, interruption.heeded() as heeded:
        checked = checking.checked(opened, heeded)
        if checked is None:
            raise interruption.stopped("Stopped. Nothing was sent.")
        _tell_bad_lines(checked)
        if checked.bad_count and not skip_bad:
            if as_json:
                _report(file, checked, as_json=True)
            raise click.ClickException(
                f"Nothing was sent: {checked.bad_count} of {_total(checked)} lines are bad. "
                "Correct them, or send the other lines with --skip-bad."
            )
        record_path = record_path or submission_record.beside(file, outputs.stage_name)
        if client_id is not None:
            click.echo(
                f"The worker applies {client_id}'s limits only if jobs.senders lists your IAM role or user.",
                err=True,
            )
        sqs = aws_clients.sqs(session, threads=senders)
        identity = Identity(checked.sha256, status.identity(sqs, outputs.jobs_queue_url))
        with SubmissionRecord(record_path, identity) as record:
            submission = Submission(sqs, outputs.jobs_queue_url, checked, record, client_id=client_id)
            try:
                _send(submission, record.count(), checked, heeded, senders)
            finally:
                _report(file, checked, submission.sent, accepted=record.count(), as_json=as_json)
            _end(submission.sent, heeded, is_complete=record.count() >= checked.good_count)


def _tell_bad_lines(checked: CheckedInput) -> None:
    shown = checked.bad_lines(_BAD_LINES_SHOWN)
    for line in shown:
        click.echo(f"line {line.number}: {line.reason}", err=True)
    if checked.bad_count > len(shown):
        click.echo(f"… and {checked.bad_count - len(shown)} more bad lines", err=True)


def _send(
    submission: Submission, accepted: int, checked: CheckedInput, heeded: Interruption, senders: int
) -> None:
    with screen.progress("Sending", checked.good_count) as bar:
        submission.run(heeded, senders=senders, watch=lambda: bar(accepted + submission.sent.count))


def _report(
    file: Path, checked: CheckedInput, sent: Sent | None = None, *, accepted: int = 0, as_json: bool
) -> None:
    """Prints the state of the submission to standard output."""
    sent = sent or Sent()
    earlier, left = accepted - sent.count, checked.good_count - accepted
    if as_json:
        document = {
            "file": str(file),
            "lines": _total(checked),
            "bad_lines": checked.bad_count,
            "first_bad_lines": [asdict(line) for line in checked.bad_lines(_BAD_LINES_IN_JSON)],
            "sent": sent.count,
            "sent_earlier": earlier,
            "refused": sent.refused_count,
            "first_refused": [{"number": n, "reason": code} for n, code in sorted(sent.refused.items())],
            "left": left,
        }
        click.echo(json.dumps(document))
    else:
        click.echo(
            f"{sent.count} lines sent, {earlier} sent earlier, {left} left to send, {checked.bad_count} bad."
        )


def _end(sent: Sent, heeded: Interruption, *, is_complete: bool) -> None:
    if heeded.asked and not is_complete:
        raise interruption.stopped("Stopped. Run the same command again to send the rest.")
    for number, code in sorted(sent.refused.items())[:_BAD_LINES_SHOWN]:
        click.echo(f"line {number}: refused by SQS with {code}", err=True)
    if sent.refused_count:
        raise click.ClickException(
            f"SQS refused {sent.refused_count} lines. Run the same command again to retry them."
        )


def _total(checked: CheckedInput) -> int:
    return checked.good_count + checked.bad_count
