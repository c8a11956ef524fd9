"""The commands `chat-gateway jobs …`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from gateway_cli.deployed import deployed
from gateway_cli.jobs import aws_clients, screen, status
from gateway_cli.jobs.dead_letters_commands import dead_letters_group
from gateway_cli.jobs.results_command import results
from gateway_cli.jobs.submit_command import submit

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs


@click.group("jobs")
def jobs() -> None:
    """Submits jobs from OpenAI batch files and collects their results."""


@jobs.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@deployed()
def show_status(session: boto3.Session, outputs: StackOutputs, as_json: bool) -> None:
    """Shows how many jobs, results and dead letters there are. SQS estimates the numbers."""
    sqs = aws_clients.sqs(session)
    depths = {
        "jobs": status.depth(sqs, outputs.jobs_queue_url),
        "results": status.depth(sqs, outputs.results_queue_url),
        "dead_letters": status.depth(sqs, outputs.dead_letter_queue_url),
    }
    if as_json:
        click.echo(json.dumps({name: asdict(depth) for name, depth in depths.items()}))
        return
    rows = [(name.replace("_", " "), *asdict(depth).values()) for name, depth in depths.items()]
    screen.table(("", "waiting", "in flight", "delayed"), rows)


for _command in (submit, results, dead_letters_group):
    jobs.add_command(_command)
