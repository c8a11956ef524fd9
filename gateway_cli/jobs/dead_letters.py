"""Dead letters: jobs that failed for the last time. Lists them without their prompts, and sends them back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event
from typing import TYPE_CHECKING, Any, cast

from gateway_cli.jobs import held_messages, job_keys, sending
from gateway_cli.jobs.batches import batches
from gateway_cli.jobs.interruption import Interruption
from gateway_cli.jobs.job_records import JobRecords
from gateway_cli.jobs.sending import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_HIDDEN_S = 60
POLL_S = 1
# SQS may answer from only some of its servers. A queue is empty after several empty answers.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
_EMPTY_ANSWERS = 2
# Attributes that the worker adds about the failure. The job is sent back without them.
_OF_FAILURE = frozenset(
    {
        *("last_error_class", "last_error_code", "last_error_status", "bedrock_request_id"),
        *("attempts", "receives", "sent_at", "failed_at", "job_id"),
        "client",  # the job's record has it, and a sender may have made it up
    }
)
_COUNT = re.compile("[0-9]{1,10}")
_ATTRIBUTE_FIELDS = ("DataType", "StringValue", "BinaryValue")
_BYTE_ORDER_MARK = "\ufeff"
_MAX_ASIDE = 1000  # more messages become visible by themselves within `_HIDDEN_S`


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job that failed for the last time. `attributes` are the message's text attributes."""

    custom_id: str | None  # None if the line cannot be read
    message_id: str
    job_id: str | None  # as in the worker's log, and the result's `id`; None if SQS moved a job without a key
    receives: int | None  # deliveries of the job; None if SQS moved the job
    sent_at: str  # when the job was sent, in ISO 8601, UTC
    attributes: dict[str, str]


def peek(sqs: SQSClient, queue_url: str, *, limit: int) -> Generator[DeadLetter, None, None]:
    """Up to `limit` dead letters, each once. Other receivers do not see them until the generator ends or is closed."""
    handles: list[MessageTypeDef] = []
    seen: set[str] = set()
    empty = 0
    try:
        while len(seen) < limit and empty < _EMPTY_ANSWERS:
            held = held_messages.receive(
                sqs, queue_url, wait_s=POLL_S, hidden_s=_HIDDEN_S, at_most=limit - len(seen)
            )
            handles += [_handle(message) for message in held]
            unseen = [message for message in held if message["MessageId"] not in seen]
            seen.update(message["MessageId"] for message in unseen)
            empty = 0 if unseen else empty + 1
            yield from map(_letter, unseen)
    finally:
        held_messages.give_back(sqs, queue_url, handles)


@dataclass(slots=True)
class Redriven:
    """How many jobs were sent back, how many SQS refused, and how many were sent but not deleted, so they may run twice."""

    moved: int = 0
    refused: int = 0
    undeleted: int = 0


class Redrive:
    """Sends dead letters back to the jobs queue. Each is deleted only after the jobs queue has accepted it.

    We do not use SQS's StartMessageMoveTask, because the local AWS does not have it.
    """

    def __init__(self, sqs: SQSClient, records: JobRecords, *, dead_letters_url: str, jobs_url: str) -> None:
        self._sqs, self._records, self._from, self._to = sqs, records, dead_letters_url, jobs_url
        self._aside: list[MessageTypeDef] = []  # failed again or refused; made visible at the end
        self.redriven = Redriven()

    def run(self, interruption: Interruption, *, watch: Callable[[], None]) -> None:
        """Sends back all dead letters that were in the queue at the start. Raises SendError and boto3's exceptions.

        An interruption or a kill loses no job. The jobs of one batch may then run twice.
        """
        began_ms, empty = self._server_time_ms(), 0
        try:
            while not interruption.stop.is_set() and empty < _EMPTY_ANSWERS:
                empty = 0 if self._move_some(began_ms, interruption.stop) else empty + 1
                watch()
        finally:
            held_messages.give_back(self._sqs, self._from, self._aside)

    def _move_some(self, began_ms: float, stop: Event) -> bool:
        """Moves a batch. Returns whether there was a dead letter to move."""
        held = held_messages.receive(self._sqs, self._from, wait_s=POLL_S, hidden_s=_HIDDEN_S)
        # A newer dead letter is a job that we sent back and that failed again. Sending it back again would never end.
        old = [message for message in held if int(message["Attributes"]["SentTimestamp"]) < began_ms]
        moved: list[MessageTypeDef] = []
        try:
            for batch in batches(Message(n, m["Body"], _kept_attributes(m)) for n, m in enumerate(old)):
                moved += self._move([old[message.key] for message in batch], batch, stop)
        finally:
            self._aside += [_handle(message) for message in held if message not in moved]
            del self._aside[:-_MAX_ASIDE]
        return bool(old)

    def _move(self, letters: list[MessageTypeDef], batch: list[Message], stop: Event) -> list[MessageTypeDef]:
        """Sends a batch back, and deletes what was accepted. Returns the accepted messages."""
        by_key = dict(zip((message.key for message in batch), letters, strict=True))
        earlier = {
            message.key: self._records.begin_anew(key)
            for message in batch
            if (key := job_keys.sent_with(message.attributes))
        }
        outcome = sending.send(self._sqs, self._to, batch, stop=stop)
        for number in earlier.keys() - outcome.accepted:
            self._records.put_back(earlier[number])
        accepted = [by_key[key] for key in outcome.accepted]
        self.redriven.moved += len(accepted)
        self.redriven.refused += len(outcome.refused)
        self.redriven.undeleted += len(held_messages.delete(self._sqs, self._from, accepted))
        if outcome.error is not None:
            raise outcome.error
        return accepted

    def _server_time_ms(self) -> float:
        """SQS's time, because our clock may differ. Rounded up, because SQS gives it in seconds."""
        answer = self._sqs.get_queue_attributes(QueueUrl=self._from, AttributeNames=["QueueArn"])
        date = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        return (date.timestamp() + 1) * 1000


def _handle(message: MessageTypeDef) -> MessageTypeDef:
    """The part of a message that `held_messages.give_back` needs, without the body."""
    return {"ReceiptHandle": message["ReceiptHandle"]}


def _kept_attributes(message: MessageTypeDef) -> dict[str, Any]:
    return {
        name: {field: value[field] for field in _ATTRIBUTE_FIELDS if field in value}
        for name, value in cast(dict[str, Any], message.get("MessageAttributes", {})).items()
        if name not in _OF_FAILURE
    }


def _letter(message: MessageTypeDef) -> DeadLetter:
    attributes = {
        name: value["StringValue"]
        for name, value in sorted(message.get("MessageAttributes", {}).items())
        if value["DataType"].startswith("String")
    }
    key, receives = attributes.get(job_keys.ATTRIBUTE), attributes.get("receives")
    return DeadLetter(
        custom_id=_custom_id(message["Body"]),
        message_id=message["MessageId"],
        job_id=attributes.get("job_id") or (None if key is None else job_keys.result_id(key)),
        receives=int(receives) if receives and _COUNT.fullmatch(receives) else None,
        sent_at=attributes.get("sent_at") or _sent_at(message),
        attributes=attributes,
    )


def _sent_at(message: MessageTypeDef) -> str:
    """When the message was sent. If SQS moved the job, this is when the job was sent.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
    """
    sent_s = int(message["Attributes"]["SentTimestamp"]) / 1000
    return datetime.fromtimestamp(sent_s, tz=UTC).isoformat(timespec="seconds")


def _custom_id(body: str) -> str | None:
    try:
        document = json.loads(body.removeprefix(_BYTE_ORDER_MARK))
    except (ValueError, RecursionError):
        return None
    custom_id = document.get("custom_id") if isinstance(document, dict) else None
    return str(custom_id) if isinstance(custom_id, str | int | float) else None
