"""Sends jobs to the jobs queue and receives messages from the results and dead-letter queues."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import boto3

from local.demonstration.gateway_client import MODEL

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
_BATCH = 10
_LONG_POLL_S = 1


def job(custom_id: str, question: str, **body: Any) -> str:
    """A line of OpenAI's batch input that asks `question`. `body` has more fields for the request."""
    messages = [{"role": "user", "content": question}]
    return json.dumps(
        {
            "custom_id": custom_id,
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": MODEL, "messages": messages, "max_tokens": 16, "temperature": 0, **body},
        }
    )


def send(session: boto3.Session, queue_url: str, lines: Sequence[str]) -> None:
    """Sends each line as a message."""
    sqs = session.client("sqs")
    for start in range(0, len(lines), _BATCH):
        batch = enumerate(lines[start : start + _BATCH])
        sqs.send_message_batch(
            QueueUrl=queue_url, Entries=[{"Id": str(i), "MessageBody": line} for i, line in batch]
        )


def receive(session: boto3.Session, queue_url: str, *, count: int, within_s: float) -> list[str]:
    """Receives and deletes up to `count` messages. Returns their bodies, fewer if no more come within `within_s`."""
    sqs = session.client("sqs")
    deadline = time.monotonic() + within_s
    bodies: list[str] = []
    while len(bodies) < count and time.monotonic() < deadline:
        answer = sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=min(_BATCH, count - len(bodies)),
            WaitTimeSeconds=_LONG_POLL_S,
        )
        for message in answer.get("Messages", []):
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return bodies
