"""Sends jobs that name their clients, and receives the results."""

from __future__ import annotations

import json
from typing import Any

from local.demonstration import job_lines
from local.stack.local_stack import LocalStack

ACCOUNT = "000000000000"  # the emulator's sender id of every message
WITHIN_S = 60


def results(
    stack: LocalStack, sent: list[tuple[str, str, dict[str, Any]]], *, within_s: float = WITHIN_S
) -> dict[str, dict[str, Any]]:
    """The result lines by custom_id; `sent` are custom_ids, clients and what the bodies add."""
    session = stack.session()
    sqs = session.client("sqs")
    for custom_id, client_id, body in sent:
        sqs.send_message(
            QueueUrl=stack.jobs_queue_url,
            MessageBody=job_lines.job(custom_id, "Hi", **body),
            MessageAttributes={"client": {"DataType": "String", "StringValue": client_id}},
        )
    lines = job_lines.receive(session, stack.results_queue_url, count=len(sent), within_s=within_s)
    return {result["custom_id"]: result for result in map(json.loads, lines)}
