"""Groups messages as SQS takes them: at most 10 at a time, and 1 MiB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
MAX_MESSAGES = 10
MAX_BYTES = 1_048_576


class Sized(Protocol):
    """Has a size as SQS counts it."""

    @property
    def size_bytes(self) -> int:
        """Of body and attributes."""
        ...


M = TypeVar("M", bound=Sized)


def batches(messages: Iterable[M]) -> Iterator[list[M]]:
    """The messages in order, in batches that are as large as SQS takes them."""
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
