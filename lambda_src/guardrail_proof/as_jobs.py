"""Sends the probes as jobs, and reads their results from the table of job records.

It does not read the results queue, which may hold many results of other jobs.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from guardrail_proof import probes
from guardrail_proof.probes import Probe, Prompt

if TYPE_CHECKING:
    import boto3

# Time limit for both probes.
WITHIN_S = 120.0
POLL_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """The jobs queue, the table of job records, and the prompts' model and canary."""

    queue_url: str
    records_table: str
    model: str
    canary: str
    within_s: float = WITHIN_S


class Sent(NamedTuple):
    """Jobs that were sent: the key of each prompt's record, and the time.monotonic() by which its result must be there."""

    keys: dict[Prompt, str]
    deadline: float


def send(jobs: Jobs, session: boto3.Session) -> Sent:
    """Sends both prompts as jobs."""
    deadline = time.monotonic() + jobs.within_s
    return Sent({prompt: _send(prompt, jobs, session) for prompt in probes.prompts(jobs.canary)}, deadline)


def results(sent: Sent, jobs: Jobs, session: boto3.Session) -> Iterator[Probe]:
    """The probes of both prompts, each as soon as its result is there."""
    for prompt, key in sent.keys.items():
        line = _result(key, jobs, session, deadline=sent.deadline)
        missing = probes.no_end(f"no result within {jobs.within_s:g} s")
        yield probes.judged("as a job", prompt, missing if line is None else probes.end_of_job(line))


def _send(prompt: Prompt, jobs: Jobs, session: boto3.Session) -> str:
    """Sends the job. Returns its idempotency key, which is the key of its record."""
    key = f"prove-{uuid.uuid4()}"
    line = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions"}
    session.client("sqs").send_message(
        QueueUrl=jobs.queue_url,
        MessageBody=json.dumps({**line, "body": prompt.body(jobs.model)}),
        MessageAttributes={"idempotency_key": {"DataType": "String", "StringValue": key}},
    )
    return key


def _result(key: str, jobs: Jobs, session: boto3.Session, *, deadline: float) -> str | None:
    """The job's result line, None if there is none by the deadline (on time.monotonic())."""
    dynamodb = session.client("dynamodb")
    while True:
        answer = dynamodb.get_item(
            TableName=jobs.records_table, Key={"job": {"S": key}}, ProjectionExpression="answer_line"
        )
        line = answer.get("Item", {}).get("answer_line", {}).get("S")
        if line is not None or time.monotonic() >= deadline:
            return line
        time.sleep(POLL_S)
