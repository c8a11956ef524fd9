"""Finds the lines of a file that arrives in pieces, in memory that does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class FileLine(NamedTuple):
    """A line. `start` is the offset of its first byte, `end` that of the byte after the line and its line break.

    `content` is without the line break, and None if the line is too long.
    """

    start: int
    end: int
    content: bytes | None


def lines(pieces: Iterable[bytes], *, max_bytes: int) -> Iterator[FileLine]:
    """The lines in order. A line longer than `max_bytes` has no content. The last one needs no line break."""
    start, held = 0, _Held(max_bytes)
    for piece in pieces:
        *ends, rest = piece.split(b"\n")
        for part in ends:
            held.add(part)
            end = start + held.size + 1
            yield FileLine(start, end, held.take())
            start = end
        held.add(rest)
    if held.size:
        yield FileLine(start, start + held.size, held.take())


class _Held:
    """The parts of a line that has not ended yet, unless they are too long."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes, self._parts = max_bytes, list[bytes]()
        self.size = 0

    def add(self, part: bytes) -> None:
        self.size += len(part)
        if self.size <= self._max_bytes:
            self._parts.append(part)
        else:
            self._parts.clear()

    def take(self) -> bytes | None:
        """The content, None if it is too long. Begins a new line."""
        content = b"".join(self._parts) if self.size <= self._max_bytes else None
        self._parts.clear()
        self.size = 0
        return content
