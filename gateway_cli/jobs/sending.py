"""Sends a batch to a queue, and retries messages that SQS did not accept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from gateway_cli.jobs import backoff

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Parts of the codes of temporary failures that SQS reports as the sender's fault.
_PASSING = ("throttl", "internal", "unavailable", "timeout", "toomany")


class SendError(Exception):
    """SQS did not accept messages in all attempts. It may accept them later. The message has SQS's codes."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message to send. `key` is the caller's number for the message."""

    key: int
    body: str
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """The size as SQS counts it: the body, and the names, types and values of the attributes."""
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
        attributes = (part for name, value in self.attributes.items() for part in (name, *value.values()))
        return sum(len(_bytes(part)) for part in (self.body, *attributes))

    def entry(self, id_: str) -> dict[str, Any]:
        """The message as an entry of SendMessageBatch."""
        entry: dict[str, Any] = {"Id": id_, "MessageBody": self.body}
        return {**entry, "MessageAttributes": dict(self.attributes)} if self.attributes else entry


@dataclass(slots=True)
class Outcome:
    """The outcome of a batch: accepted keys, refused keys with SQS's codes, and the error that ended the attempts."""

    accepted: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    error: Exception | None = None


def send(sqs: SQSClient, queue_url: str, batch: Sequence[Message], *, stop: Event) -> Outcome:
    """Sends until each message is accepted or refused, the attempts are used up, or `stop` is set.

    SQS's exceptions are not raised; they are in the outcome. A message that is neither accepted nor refused may or may not
    have been sent.
    """
    outcome = Outcome()
    waiting = {str(position): message for position, message in enumerate(batch)}
    codes: set[str] = set()
    for attempt in range(backoff.ATTEMPTS):
        try:
            answer = sqs.send_message_batch(
                QueueUrl=queue_url,
                Entries=[message.entry(id_) for id_, message in waiting.items()],  # type: ignore[misc]
            )
        except (BotoCoreError, ClientError) as error:
            outcome.error = error
            return outcome
        codes |= _sort(answer, waiting, outcome)
        if not waiting or stop.wait(backoff.wait_s(attempt)):
            return outcome
    outcome.error = SendError(
        f"SQS did not accept some lines in {backoff.ATTEMPTS} attempts: {', '.join(sorted(codes))}. "
        "Run the same command again to continue."
    )
    return outcome


def _bytes(part: str | bytes) -> bytes:
    return part if isinstance(part, bytes) else part.encode()


def _sort(answer: Mapping[str, Any], waiting: dict[str, Message], outcome: Outcome) -> set[str]:
    """Moves accepted and refused messages from `waiting` to `outcome`. Returns the codes of the messages to retry."""
    for entry in answer.get("Successful", []):
        outcome.accepted.append(waiting.pop(entry["Id"]).key)
    codes = set()
    for entry in answer.get("Failed", []):
        code = entry["Code"]
        if entry["SenderFault"] and not any(part in code.lower() for part in _PASSING):
            outcome.refused[waiting.pop(entry["Id"]).key] = code
        else:
            codes.add(code)
    return codes
