"""Queues in memory with boto3's calls; they answer at once and fail on demand."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from threading import Event, RLock
from typing import Any

_EMPTY_ANSWER_AFTER_S = 0.005


@dataclass
class FakeMessage:
    body: str
    attributes: dict[str, Any]
    sent_ms: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    receives: int = 0
    hidden_until: float = 0.0
    handle: str = ""


class FakeSqs:
    """`on_send` gets every SendMessageBatch and may raise, or return IDs that fail with (code, sender's fault)."""

    def __init__(self) -> None:
        self.queues: dict[str, list[FakeMessage]] = {}
        self.sent_batches: list[list[str]] = []
        self.on_send: Callable[[list[dict[str, Any]]], dict[str, tuple[str, bool]]] = lambda _: {}
        self.on_receive: Callable[[], None] = lambda: None
        self.undeletable: set[str] = set()
        self._lock = RLock()

    def put(self, url: str, body: str, *, age_s: float = 60, **attributes: str) -> FakeMessage:
        """Adds a message that was sent `age_s` ago."""
        message = FakeMessage(
            body,
            {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
            int((time.time() - age_s) * 1000),
        )
        self.queues.setdefault(url, []).append(message)
        return message

    def bodies(self, url: str) -> list[str]:
        return [message.body for message in self.queues.get(url, [])]

    def visible(self, url: str) -> list[FakeMessage]:
        return [message for message in self.queues.get(url, []) if message.hidden_until <= time.monotonic()]

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert 1 <= len(Entries) <= 10
        assert sum(len(entry["MessageBody"].encode()) for entry in Entries) <= 1_048_576
        with self._lock:
            failed = self.on_send(Entries)
            accepted = [entry for entry in Entries if entry["Id"] not in failed]
            self.sent_batches.append([entry["MessageBody"] for entry in accepted])
            for entry in accepted:
                message = self.put(QueueUrl, entry["MessageBody"], age_s=0)
                message.attributes = entry.get("MessageAttributes", {})
            return {
                "Successful": [{"Id": entry["Id"], "MessageId": "m"} for entry in accepted],
                "Failed": [
                    {"Id": id_, "Code": code, "SenderFault": fault} for id_, (code, fault) in failed.items()
                ],
            }

    def receive_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        MaxNumberOfMessages: int,  # noqa: N803
        VisibilityTimeout: int,  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        with self._lock:
            self.on_receive()
            taken = self.visible(QueueUrl)[:MaxNumberOfMessages]
            for message in taken:
                message.receives += 1
                message.handle = str(uuid.uuid4())
                message.hidden_until = time.monotonic() + VisibilityTimeout
        if not taken:
            Event().wait(_EMPTY_ANSWER_AFTER_S)
        return {"Messages": [_as_received(message) for message in taken]}

    def delete_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        with self._lock:
            by_handle = {message.handle: message for message in self.queues[QueueUrl]}
            deleted = [e for e in Entries if by_handle[e["ReceiptHandle"]].body not in self.undeletable]
            for entry in deleted:
                self.queues[QueueUrl].remove(by_handle[entry["ReceiptHandle"]])
            return {"Successful": [{"Id": entry["Id"]} for entry in deleted], "Failed": []}

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> None:  # noqa: N803
        with self._lock:
            by_handle = {message.handle: message for message in self.queues.get(QueueUrl, [])}
            for entry in Entries:
                if entry["ReceiptHandle"] in by_handle:
                    by_handle[entry["ReceiptHandle"]].hidden_until = 0.0

    def get_queue_attributes(self, *, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        waiting = len(self.visible(QueueUrl))
        return {
            "Attributes": {
                "QueueArn": f"arn:{QueueUrl}",
                "CreatedTimestamp": "1",
                "ApproximateNumberOfMessages": str(waiting),
                "ApproximateNumberOfMessagesNotVisible": str(len(self.queues.get(QueueUrl, [])) - waiting),
                "ApproximateNumberOfMessagesDelayed": "0",
            },
            "ResponseMetadata": {"HTTPHeaders": {"date": formatdate(usegmt=True)}},
        }

    def purge_queue(self, *, QueueUrl: str) -> None:  # noqa: N803
        self.queues[QueueUrl] = []


def _as_received(message: FakeMessage) -> dict[str, Any]:
    return {
        "MessageId": message.id,
        "ReceiptHandle": message.handle,
        "Body": message.body,
        "Attributes": {
            "SentTimestamp": str(message.sent_ms),
            "ApproximateReceiveCount": str(message.receives),
        },
        "MessageAttributes": message.attributes,
    }
