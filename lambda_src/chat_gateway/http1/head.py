"""Reads the head of an HTTP/1.1 answer: its final status, its fields, and how its body ends.

http.client takes a head that was cut off for a whole one, and an interim answer for the final one.
https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import re
from io import BufferedReader
from typing import NamedTuple

from chat_gateway.http1.body import Body, ChunkedBody, CountedBody, UncountedBody

# Bedrock's heads take about 1 kB. http.client also takes 100 fields, but each of 64 kB.
_LONGEST_HEAD_BYTES, _MOST_FIELDS = 65_536, 100
_MOST_INTERIM_ANSWERS = 8
_STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")
_FIELD_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_A_VALUE = re.compile(rb"[\r\n\0]")
_SIZE = re.compile(rb"[0-9]{1,15}")
_END = (b"\r\n", b"\n")
_SWITCHING_PROTOCOLS, _FIRST_FINAL = 101, 200
_WITHOUT_BODY = (204, 304)


class HeadError(ValueError):
    """The bytes are no head of an answer, or end before it does."""


class Head(NamedTuple):
    """`fields` have lowercase names and stand in their order; `is_last`: the connection is of no use afterwards."""

    status: int
    fields: list[tuple[bytes, bytes]]
    is_last: bool

    def body(self) -> Body:
        """What is to follow. Raises HeadError where the head contradicts itself."""
        if self.status in _WITHOUT_BODY:
            return CountedBody(0)
        codings, sizes = self._values(b"transfer-encoding"), set(self._values(b"content-length"))
        if codings:
            # https://www.rfc-editor.org/rfc/rfc9112#section-6.1 a length beside a coding may be an attack
            if sizes or [coding.lower() for coding in codings] != [b"chunked"]:
                raise HeadError("an unknown transfer coding, or a length beside it")
            return ChunkedBody()
        if not sizes:
            return UncountedBody()
        if len(sizes) > 1 or not all(map(_SIZE.fullmatch, sizes)):
            raise HeadError("a length that is none")
        return CountedBody(int(sizes.pop()))

    def _values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key == name]


def read(reader: BufferedReader) -> Head:
    """The head of the final answer, past any interim ones. Raises HeadError, and what reading raises."""
    for _ in range(_MOST_INTERIM_ANSWERS + 1):
        head = _read_one(_Lines(reader))
        if head.status == _SWITCHING_PROTOCOLS:
            raise HeadError("another protocol")
        if head.status >= _FIRST_FINAL:
            return head
    raise HeadError("too many interim answers")


class _Lines:
    """The lines of one head, and no more bytes than a head may have."""

    def __init__(self, reader: BufferedReader) -> None:
        self._reader, self._left_bytes = reader, _LONGEST_HEAD_BYTES

    def next(self) -> bytes:
        """A line with its end; without one where the connection ended. Raises HeadError."""
        line = self._reader.readline(self._left_bytes)
        self._left_bytes -= len(line)
        if self._left_bytes <= 0:
            raise HeadError("a head without an end")
        return line


def _read_one(lines: _Lines) -> Head:
    line = lines.next()
    if not line:
        raise ConnectionResetError("closed without an answer")
    status_line = _STATUS_LINE.fullmatch(line)
    if status_line is None:
        raise HeadError("not the first line of an answer")
    fields = _read_fields(lines)
    wishes = b",".join(value.lower() for name, value in fields if name == b"connection")
    closes = b"close" in (wish.strip() for wish in wishes.split(b","))
    return Head(int(status_line[2]), fields, is_last=closes or status_line[1] == b"0")


def _read_fields(lines: _Lines) -> list[tuple[bytes, bytes]]:
    fields: list[tuple[bytes, bytes]] = []
    while (line := lines.next()) not in _END:
        if len(fields) == _MOST_FIELDS:
            raise HeadError("too many fields")
        fields.append(_field(line))
    return fields


def _field(line: bytes) -> tuple[bytes, bytes]:
    """By hand, since a pattern for a value without the blanks around it takes quadratic time."""
    name, colon, value = line.removesuffix(b"\n").removesuffix(b"\r").partition(b":")
    value = value.strip(b" \t")
    if (
        not colon
        or not line.endswith(b"\n")
        or not _FIELD_NAME.fullmatch(name)
        or _NOT_IN_A_VALUE.search(value)
    ):
        raise HeadError("not a field")
    return name.lower(), value
