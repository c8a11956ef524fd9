"""Reads the head of an HTTP/1.1 answer: its final status, its fields, and how its body ends.

http.client takes a head that was cut off for a whole one, and an interim answer for the final one.
https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BufferedReader

from chat_gateway.http_body import Body, ChunkedBody, CountedBody, UncountedBody

# http.client's own.
_LONGEST_LINE_BYTES, _MOST_FIELDS = 65_536, 100
_STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*\r?\n")
_SIZE = re.compile(rb"[0-9]{1,15}")
_END = (b"\r\n", b"\n")
_SWITCHING_PROTOCOLS, _FIRST_FINAL = 101, 200
_WITHOUT_BODY = (204, 304)


class HeadError(ValueError):
    """The bytes are no head of an answer, or end before it does."""


@dataclass(frozen=True, slots=True)
class Head:
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
            if [coding.lower() for coding in codings] != [b"chunked"]:
                raise HeadError("an unknown transfer coding")
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
    while True:
        head = _read_one(reader)
        if head.status == _SWITCHING_PROTOCOLS:
            raise HeadError("another protocol")
        if head.status >= _FIRST_FINAL:
            return head


def _read_one(reader: BufferedReader) -> Head:
    line = reader.readline(_LONGEST_LINE_BYTES)
    if not line:
        raise ConnectionResetError("closed without an answer")
    status_line = _STATUS_LINE.fullmatch(line)
    if status_line is None:
        raise HeadError("not the first line of an answer")
    fields = _read_fields(reader)
    wishes = b",".join(value.lower() for name, value in fields if name == b"connection")
    closes = b"close" in (wish.strip() for wish in wishes.split(b","))
    return Head(int(status_line[2]), fields, is_last=closes or status_line[1] == b"0")


def _read_fields(reader: BufferedReader) -> list[tuple[bytes, bytes]]:
    fields: list[tuple[bytes, bytes]] = []
    while (line := reader.readline(_LONGEST_LINE_BYTES)) not in _END:
        field = _FIELD.fullmatch(line)
        if field is None or len(fields) == _MOST_FIELDS:
            raise HeadError("not a field, or too many of them")
        fields.append((field[1].lower(), field[2]))
    return fields
