"""Sends a batch to a queue, and what SQS did not take of it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from gateway_cli.jobs import backoff

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Of failures that SQS calls the sender's, those that time mends.
_PASSING = ("throttl", "internal", "unavailable", "timeout", "toomany")


class SendError(Exception):
    """SQS went on not taking messages that it may take later; the message names its codes."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message to be sent; `key` is the sender's own name for it."""

    key: int
    body: str
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """As SQS counts it: body, and names, types and values of attributes."""
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
        attributes = (part for name, value in self.attributes.items() for part in (name, *value.values()))
        return sum(len(_bytes(part)) for part in (self.body, *attributes))

    def entry(self, id_: str) -> dict[str, Any]:
        """As SendMessageBatch wants it."""
        entry: dict[str, Any] = {"Id": id_, "MessageBody": self.body}
        return {**entry, "MessageAttributes": dict(self.attributes)} if self.attributes else entry


@dataclass(slots=True)
class Outcome:
    """What became of a batch: keys that SQS has accepted, keys that it refuses and why, and what ended the attempts."""

    accepted: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    error: Exception | None = None


def send(sqs: SQSClient, queue_url: str, batch: Sequence[Message], *, stop: Event) -> Outcome:
    """Sends until all is accepted or refused, attempts are used up, or `stop`; raises nothing of SQS's.

    What is in neither list of the outcome may or may not have been sent.
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
    outcome.error = SendError(f"SQS did not take some lines in {backoff.ATTEMPTS} attempts: {sorted(codes)}")
    return outcome


def _bytes(part: str | bytes) -> bytes:
    return part if isinstance(part, bytes) else part.encode()


def _sort(answer: Mapping[str, Any], waiting: dict[str, Message], outcome: Outcome) -> set[str]:
    """Takes from `waiting` what need not be sent again; the codes of what must."""
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
