"""Cuts a stream of server-sent events into events, and reads an event's data.

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

import re

# An event ends with an empty line; lines end with LF, CRLF or CR. A CR at the end of the received bytes may be half a
# CRLF. It counts as a line end. The LF that may follow begins the next piece; a reader of all pieces sees one CRLF.
_LINE_END = rb"(?:\r\n|\n|\r(?!\n))"
_EVENT_END = re.compile(_LINE_END + _LINE_END)
_LONGEST_EVENT_END = 4
_MAX_EVENT_BYTES = 1_048_576
_BOM = b"\xef\xbb\xbf"


class EventTooLargeError(ValueError):
    """An event is larger than 1 MiB."""


class EventSplitter:
    """Cuts bytes into events, wherever chunks begin and end. The joined events are the bytes that came in."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._only_lf = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """The events that `chunk` completes, with their final line ends. Raises EventTooLargeError."""
        if len(self._rest) > _MAX_EVENT_BYTES:
            raise EventTooLargeError
        searched = max(0, len(self._rest) - _LONGEST_EVENT_END)
        self._rest += chunk
        if self._only_lf and b"\r" not in chunk:
            return self._cut_at_lf(searched)
        self._only_lf = False
        return self._cut(searched)

    def rest(self) -> bytes:
        """The bytes of the event that is still incomplete."""
        return bytes(self._rest)

    def _cut_at_lf(self, searched: int) -> list[bytes]:
        events, begin = [], 0
        while (end := self._rest.find(b"\n\n", max(begin, searched))) >= 0:
            events.append(bytes(self._rest[begin : end + 2]))
            begin = end + 2
        del self._rest[:begin]
        return events

    def _cut(self, searched: int) -> list[bytes]:
        events, begin = [], 0
        while match := _EVENT_END.search(self._rest, max(begin, searched)):
            events.append(bytes(self._rest[begin : match.end()]))
            begin = match.end()
        del self._rest[:begin]
        return events


def data_of(event: bytes) -> bytes | None:
    """The event's data, with its lines joined by LF; None if it has no data, like a comment."""
    # The usual form: one line, ended by LF.
    if event.startswith(b"data: ") and event.find(b"\n") == len(event) - 2:
        return event[6:-2] if b"\r" not in event else _data_of_lines(event)
    return _data_of_lines(event)


def _data_of_lines(event: bytes) -> bytes | None:
    lines = (line.removeprefix(_BOM) for line in re.split(rb"\r\n|\n|\r", event))
    values = [_value(line) for line in lines if line == b"data" or line.startswith(b"data:")]
    return b"\n".join(values) if values else None


def _value(line: bytes) -> bytes:
    return line[5:].removeprefix(b" ")


def event(data: str) -> bytes:
    """An event with one line of data."""
    return f"data: {data}\n\n".encode()
