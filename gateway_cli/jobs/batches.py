"""Groups messages into SQS batches: at most 10 messages and 1 MiB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
MAX_MESSAGES = 10
MAX_BYTES = 1_048_576


class Sized(Protocol):
    """A message with a size as SQS counts it."""

    @property
    def size_bytes(self) -> int:
        """The size of the body and the attributes."""
        ...


M = TypeVar("M", bound=Sized)


def batches(messages: Iterable[M]) -> Iterator[list[M]]:
    """The messages in order, in the largest batches that SQS accepts."""
    batch: list[M] = []
    total = 0
    for message in messages:
        size = message.size_bytes
        if batch and (len(batch) == MAX_MESSAGES or total + size > MAX_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(message)
        total += size
    if batch:
        yield batch
