"""Reads a source of batches, and can stop at any event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

T = TypeVar("T")


class EventReader(Generic[T]):
    """The events of a source. `first` is the batch that has already been read from it."""

    def __init__(self, batches: AsyncGenerator[list[T], None], first: list[T]) -> None:
        self._batches = batches
        self._left = first

    async def read(self, at_most: int | None = None) -> list[T]:
        """The next events, up to `at_most`; empty at the end."""
        batch = self._left or await anext(self._batches, [])
        self._left = [] if at_most is None else batch[at_most:]
        return batch[:at_most]
