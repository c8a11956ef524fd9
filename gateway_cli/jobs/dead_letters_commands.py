"""The commands `jobs dead-letters list`, `redrive` and `purge`."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from botocore.exceptions import ClientError

from gateway_cli.deployed import deployed
from gateway_cli.jobs import aws_clients, dead_letters, interruption, screen, status
from gateway_cli.jobs.dead_letters import DeadLetter, Redrive, Redriven
from gateway_cli.jobs.job_records import JobRecords
from gateway_cli.jobs.sending import SendError

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs


class PurgeTooSoonError(Exception):
    """The queue was purged less than a minute ago."""


@click.group("dead-letters")
def dead_letters_group() -> None:
    """Lists, sends back or deletes jobs that failed for the last time."""


@dead_letters_group.command("list")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Show at most this many."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@deployed()
def list_dead_letters(session: boto3.Session, outputs: StackOutputs, limit: int, as_json: bool) -> None:
    """Shows the failed jobs with their last error, but without their prompts.

    While the command runs, other receivers do not see these dead letters. SQS counts each as received once more.
    """
    sqs = aws_clients.sqs(session)
    with closing(dead_letters.peek(sqs, outputs.dead_letter_queue_url, limit=limit)) as letters:
        if as_json:
            for letter in letters:
                click.echo(json.dumps(asdict(letter)))
            return
        screen.table(("custom_id", "sent at", "receives", "last error", "job id"), map(_row, letters))
    waiting = status.depth(sqs, outputs.dead_letter_queue_url).waiting
    if waiting > limit:
        click.echo(f"There are about {waiting} dead letters in all. Use --limit to see more.")


def _row(letter: DeadLetter) -> tuple[object, ...]:
    told = letter.attributes
    error = " ".join(told[name] for name in ("last_error_status", "last_error_code") if name in told)
    sent_at = letter.sent_at.replace("+00:00", "Z")
    receives = "" if letter.receives is None else letter.receives
    return letter.custom_id or "(unreadable)", sent_at, receives, error or "(unknown)", letter.job_id or ""


@dead_letters_group.command("redrive")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@deployed(SendError)
def redrive(session: boto3.Session, outputs: StackOutputs, as_json: bool) -> None:
    """Sends all dead letters back to the jobs queue. Fix the cause of the failures first.

    No job is lost: a dead letter is deleted only after the jobs queue has accepted the job.
    """
    sqs = aws_clients.sqs(session)
    records = JobRecords(aws_clients.dynamodb(session), outputs.job_records_table)
    run = Redrive(
        sqs, records, dead_letters_url=outputs.dead_letter_queue_url, jobs_url=outputs.jobs_queue_url
    )
    total = status.depth(sqs, outputs.dead_letter_queue_url).waiting
    with interruption.heeded() as heeded:
        try:
            with screen.progress("Sending back", total) as bar:
                run.run(heeded, watch=lambda: bar(run.redriven.moved))
        finally:
            _report(run.redriven, as_json=as_json)
        if heeded.asked:
            raise interruption.stopped("Stopped. Run the same command again to send back the rest.")
    if run.redriven.refused:
        raise click.ClickException(f"SQS refused {run.redriven.refused} jobs. They are still dead letters.")


def _report(redriven: Redriven, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(redriven)))
        return
    click.echo(f"{redriven.moved} jobs sent back to the jobs queue.")
    if redriven.undeleted:
        click.echo(
            f"SQS did not delete {redriven.undeleted} of these dead letters. These jobs may run twice.",
            err=True,
        )


@dead_letters_group.command("purge")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@deployed(PurgeTooSoonError)
def purge(session: boto3.Session, outputs: StackOutputs, yes: bool, as_json: bool) -> None:
    """Deletes all dead letters for good. SQS takes up to a minute."""
    sqs = aws_clients.sqs(session)
    depth = status.depth(sqs, outputs.dead_letter_queue_url)
    total = depth.waiting + depth.in_flight
    if not yes:
        click.confirm(
            f"Delete all (about {total}) dead letters of {outputs.stage_name} for good?", abort=True, err=True
        )
    try:
        sqs.purge_queue(QueueUrl=outputs.dead_letter_queue_url)
    except ClientError as error:
        if "PurgeQueueInProgress" not in error.response["Error"]["Code"]:
            raise
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html
        raise PurgeTooSoonError(
            "The dead letters were purged less than a minute ago. SQS allows one purge per minute: try again later."
        ) from None
    click.echo(json.dumps({"purged": total}) if as_json else f"About {total} dead letters deleted.")
