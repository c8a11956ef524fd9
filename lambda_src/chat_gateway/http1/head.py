"""Reads the head of an HTTP/1.1 answer: its final status, its fields, and how its body ends.

http.client takes a head that was cut off for a whole one, and an interim answer for the final one. Each rule cites its
section: https://www.rfc-editor.org/rfc/rfc9112 and https://www.rfc-editor.org/rfc/rfc9110
"""

from __future__ import annotations

import re
from io import BufferedReader
from typing import NamedTuple

from chat_gateway.http1.body import Body, ChunkedBody, CountedBody, UncountedBody

# RFC 9110, 5.4: there is no limit, and a client may drop a field that is too large where it can do without. We cannot
# know that, and refuse the answer. Bedrock's heads take about 1 kB; http.client also takes 100 fields, but each of 64 kB.
_LONGEST_HEAD_BYTES, _MOST_FIELDS = 65_536, 100
# RFC 9110, 15.2: a client must be able to parse one or more. A server could send them without end.
_MOST_INTERIM_ANSWERS = 8
# RFC 9112, 4: version SP status SP [reason]. We do without the second SP where there is no reason, as many servers do.
# The reason says nothing reliable and is not read; a bare CR in it is invalid (2.2).
# RFC 9112, 2.3 and RFC 9110, 2.5: "HTTP" in capitals; a later minor version than 1 is read as 1.
# RFC 9110, 15: statuses from 600 on are invalid. They are passed on for the caller to judge; those below 100 are refused.
_STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")
# RFC 9110, 5.1 and 5.6.2: a name is a token.
_FIELD_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# RFC 9110, 5.5: a value with CR, LF or NUL must be refused or mended. Other control characters may be kept, and are.
_NOT_IN_A_VALUE = re.compile(rb"[\r\n\0]")
# RFC 9110, 8.6: 1*DIGIT, and a number that is too large must not overflow: 15 digits are a thousand terabytes.
_SIZE = re.compile(rb"[0-9]{1,15}")
# RFC 9112, 2.2: a recipient may take a single LF for a line's end, and ignore a CR before it.
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

    def body(self, *, to_head: bool = False) -> Body:
        """What is to follow; `to_head`: the request's method was HEAD. Raises HeadError where the head contradicts itself."""
        # RFC 9112, 6.3, rule 1: whatever the fields say. 1xx is never final (`read`), and we send no CONNECT (rule 2).
        if to_head or self.status in _WITHOUT_BODY:
            return CountedBody(0)
        codings, sizes = self._values(b"transfer-encoding"), set(self._values(b"content-length"))
        if codings:
            return _coded(codings, has_size=bool(sizes))
        # RFC 9112, 6.3, rule 8: a response without either ends with its connection.
        return _counted(sizes) if sizes else UncountedBody()

    def _values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key == name]


def _coded(codings: list[bytes], *, has_size: bool) -> Body:
    # RFC 9112, 6.3, rule 3: the coding overrides the length, "and ought to be handled as an error".
    if has_size:
        raise HeadError("a transfer coding, and a length beside it")
    # RFC 9112, 6.3, rule 4 and 7: chunked, in any case. Without TE in a request no other coding is acceptable (7.4),
    # chunked must not be applied twice (6.1), and 6.3 would read what is not chunked at last up to the connection's end.
    # We refuse all of it, since we could not decode it. RFC 9112, 6.1: an HTTP/1.0 answer in chunks is read, and its
    # connection closed (`is_last`).
    if [coding.lower() for coding in codings] != [b"chunked"]:
        raise HeadError("an unknown transfer coding")
    return ChunkedBody()


def _counted(sizes: set[bytes]) -> Body:
    # RFC 9112, 6.3, rules 5 and 6: one valid length. The same one in several lines is one (RFC 9110, 5.2).
    # RFC 9110, 8.6: the same one several times in one line ("5, 5") may be refused, and is.
    if len(sizes) > 1 or not all(map(_SIZE.fullmatch, sizes)):
        raise HeadError("a length that is none")
    return CountedBody(int(sizes.pop()))


def read(reader: BufferedReader) -> Head:
    """The head of the final answer, past any interim ones. Raises HeadError, and what reading raises."""
    for _ in range(_MOST_INTERIM_ANSWERS + 1):
        head = _read_one(_Lines(reader))
        # RFC 9110, 7.8 and 15.2.2: a server must not switch to what the client did not ask for.
        if head.status == _SWITCHING_PROTOCOLS:
            raise HeadError("another protocol")
        # RFC 9110, 15.2: a user agent may ignore an interim answer that it did not expect. It has no body (RFC 9112, 6.3).
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
    # RFC 9110, 7.6.1 and 5.6.1: a list of options in any case, over several lines as over one.
    wishes = b",".join(value.lower() for name, value in fields if name == b"connection")
    closes = b"close" in (wish.strip() for wish in wishes.split(b","))
    # RFC 9112, 9.3: "close" ends the connection, and so does HTTP/1.0. Its "keep-alive" may be honoured, and is not.
    return Head(int(status_line[2]), fields, is_last=closes or status_line[1] == b"0")


def _read_fields(lines: _Lines) -> list[tuple[bytes, bytes]]:
    fields: list[tuple[bytes, bytes]] = []
    # RFC 9112, 2.1: an empty line ends the head. RFC 9112, 8: without it the head does not count, whatever it says.
    while (line := lines.next()) not in _END:
        if len(fields) == _MOST_FIELDS:
            raise HeadError("too many fields")
        fields.append(_field(line))
    return fields


def _field(line: bytes) -> tuple[bytes, bytes]:
    """By hand, since a pattern for a value without the blanks around it takes quadratic time."""
    # RFC 9112, 5: name ":" OWS value OWS. 5.1: the value is without the blanks around it, and no blank may stand before
    # the colon; 2.2: nor before the first name. Both are refused here, as no part of a token.
    # RFC 9112, 5.2: so is a folded line. A gateway may answer 502 to it, as ours does. A user agent must read the fold as
    # a blank; this one does not, since other readers take such a line for a field of its own.
    name, colon, value = line.removesuffix(b"\n").removesuffix(b"\r").partition(b":")
    value = value.strip(b" \t")
    if (
        not colon
        or not line.endswith(b"\n")
        or not _FIELD_NAME.fullmatch(name)
        or _NOT_IN_A_VALUE.search(value)
    ):
        raise HeadError("not a field")
    # RFC 9110, 5.1 and 5.3: names in any case; the order of lines with the same name counts.
    return name.lower(), value
