"""Sends results and dead letters to SQS, and puts jobs back, ten to a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chat_gateway.jobs.lines import KEY_ATTRIBUTE, QueueMessage
from chat_gateway.jobs.sqs_limits import MAX_ENTRIES, MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        MessageAttributeValueTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

_STRING = "String"


@dataclass(frozen=True, slots=True)
class PutBack:
    """A received job to deliver again after `delay_s`."""

    receipt_handle: str
    delay_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPost:
    """The worker's queues."""

    sqs: SQSClient
    jobs_url: str
    results_url: str
    dead_letters_url: str

    def send_results(self, lines: Sequence[str]) -> list[str | None]:
        """For each line None if it was sent, else the name of the failure. Never raises."""
        return self._send(self.results_url, [QueueMessage(line, {}) for line in lines])

    def send_dead_letters(self, letters: Sequence[QueueMessage]) -> list[str | None]:
        """For each letter None if it was sent, else the name of the failure. Never raises."""
        return self._send(self.dead_letters_url, [_within_limit(letter) for letter in letters])

    def put_back(self, jobs: Sequence[PutBack]) -> list[str | None]:
        """For each job None if its delay was set, else the name of the failure; the job then stays hidden for longer."""
        failures: list[str | None] = [None] * len(jobs)
        for start in range(0, len(jobs), MAX_ENTRIES):
            numbers = range(start, min(start + MAX_ENTRIES, len(jobs)))
            for number, failure in self._put_back_together(jobs, numbers).items():
                failures[number] = failure
        return failures

    def _put_back_together(self, jobs: Sequence[PutBack], numbers: Sequence[int]) -> dict[int, str]:
        try:
            answer = self.sqs.change_message_visibility_batch(
                QueueUrl=self.jobs_url,
                Entries=[
                    {
                        "Id": str(number),
                        "ReceiptHandle": jobs[number].receipt_handle,
                        "VisibilityTimeout": jobs[number].delay_s,
                    }
                    for number in numbers
                ],
            )
        except (BotoCoreError, ClientError) as failure:
            return dict.fromkeys(numbers, _name(failure))
        return {int(entry["Id"]): entry["Code"] for entry in answer.get("Failed", [])}

    def _send(self, queue_url: str, letters: Sequence[QueueMessage]) -> list[str | None]:
        failures: list[str | None] = [None] * len(letters)
        for numbers in _batches([_size_bytes(letter) for letter in letters]):
            for number, failure in self._send_together(queue_url, letters, numbers).items():
                failures[number] = failure
        return failures

    def _send_together(
        self, queue_url: str, letters: Sequence[QueueMessage], numbers: Sequence[int]
    ) -> dict[int, str]:
        entries = [_entry(number, letters[number]) for number in numbers]
        try:
            answer = self.sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
        except (BotoCoreError, ClientError) as failure:
            return dict.fromkeys(numbers, _name(failure))
        return {int(entry["Id"]): entry["Code"] for entry in answer.get("Failed", [])}


def _within_limit(letter: QueueMessage) -> QueueMessage:
    """The letter with the attributes that fit beside the body into a message: all, only the key, or none."""
    key = {name: value for name, value in letter.attributes.items() if name == KEY_ATTRIBUTE}
    smaller = (letter, QueueMessage(letter.body, key))
    return next(
        (one for one in smaller if _size_bytes(one) <= MAX_MESSAGE_BYTES), QueueMessage(letter.body, {})
    )


def _size_bytes(letter: QueueMessage) -> int:
    """The size that SQS counts: the body, and each attribute's name, type and value."""
    attributes = (name + _STRING + value for name, value in letter.attributes.items())
    return len(letter.body.encode()) + sum(len(text.encode()) for text in attributes)


def _batches(sizes_bytes: Sequence[int]) -> Iterator[list[int]]:
    """The numbers of the messages of each batch: at most ten, and at most the size of a single message."""
    numbers: list[int] = []
    total_bytes = 0
    for number, size_bytes in enumerate(sizes_bytes):
        if numbers and (len(numbers) == MAX_ENTRIES or total_bytes + size_bytes > MAX_MESSAGE_BYTES):
            yield numbers
            numbers, total_bytes = [], 0
        numbers.append(number)
        total_bytes += size_bytes
    if numbers:
        yield numbers


def _entry(number: int, letter: QueueMessage) -> SendMessageBatchRequestEntryTypeDef:
    attributes: dict[str, MessageAttributeValueTypeDef] = {
        name: {"DataType": _STRING, "StringValue": value} for name, value in letter.attributes.items()
    }
    return {"Id": str(number), "MessageBody": letter.body, "MessageAttributes": attributes}


def _name(failure: BotoCoreError | ClientError) -> str:
    code = failure.response.get("Error", {}).get("Code") if isinstance(failure, ClientError) else None
    return code or type(failure).__name__
