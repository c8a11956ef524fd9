"""Reads the head of an HTTP/1.1 answer: its final status, its header fields, and how its body ends.

http.client accepts a head that was cut off, and takes an interim answer for the final one. Each rule cites its
section: https://www.rfc-editor.org/rfc/rfc9112 and https://www.rfc-editor.org/rfc/rfc9110
"""

from __future__ import annotations

import re
from io import BufferedReader
from typing import NamedTuple

from chat_gateway.http1.body import Body, ChunkedBody, CountedBody, UncountedBody

# RFC 9110, 5.4: there is no limit, and a client may drop a large field that it does not need. We cannot know
# that, and refuse the answer. Bedrock's heads have about 1 kB. http.client also allows 100 fields, of 64 kB each.
_LONGEST_HEAD_BYTES, _MOST_FIELDS = 65_536, 100
# RFC 9110, 15.2: a client must be able to parse one or more interim answers. This limits them.
_MOST_INTERIM_ANSWERS = 8
# RFC 9112, 4: version SP status SP [reason]. We accept no second SP without a reason, since many servers omit it.
# The reason is unreliable and is ignored; a bare CR in it is invalid (2.2).
# RFC 9112, 2.3 and RFC 9110, 2.5: "HTTP" in capitals; a later minor version than 1 is read as 1.
# RFC 9110, 15: statuses from 600 on are invalid; they are returned, and the caller decides. Those below 100 are refused.
_STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")
# RFC 9110, 5.1 and 5.6.2: a name is a token. RFC 9110, 5.5: a value with CR, LF or NUL must be refused or repaired. Other
# control characters may be kept; we keep them.
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\r\n\0]*)\r?\n")
# RFC 9110, 8.6: 1*DIGIT, and a number that is too large must not overflow: 15 digits are a thousand terabytes.
_SIZE = re.compile(rb"[0-9]{1,15}")
# RFC 9112, 2.2: a recipient may accept a single LF as the end of a line, and ignore a CR before it.
_END = (b"\r\n", b"\n")
_SWITCHING_PROTOCOLS, _FIRST_FINAL = 101, 200
_WITHOUT_BODY = (204, 304)


class HeadError(ValueError):
    """The head is malformed or incomplete."""


class Head(NamedTuple):
    """`fields` have lowercase names, in the order received. `is_last`: the connection cannot be used again."""

    status: int
    fields: list[tuple[bytes, bytes]]
    is_last: bool

    def body(self, *, to_head: bool = False) -> Body:
        """The body that follows. `to_head`: the request's method was HEAD. Raises HeadError if fields contradict each other."""
        # RFC 9112, 6.3, rule 1: no body, whatever the fields say. 1xx is never final (`read`). We send no CONNECT (rule 2).
        if to_head or self.status in _WITHOUT_BODY:
            return CountedBody(0)
        codings, sizes = self._values(b"transfer-encoding"), set(self._values(b"content-length"))
        if codings:
            return _coded(codings, has_size=bool(sizes))
        # RFC 9112, 6.3, rule 8: without coding and length, the body ends with the connection.
        return _counted(sizes) if sizes else UncountedBody()

    def _values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key == name]


def _coded(codings: list[bytes], *, has_size: bool) -> Body:
    # RFC 9112, 6.3, rule 3: the coding overrides the length, "and ought to be handled as an error".
    if has_size:
        raise HeadError("a transfer coding together with a length")
    # RFC 9112, 6.3, rule 4 and 7: "chunked" in upper or lower case. Without TE in the request no other coding is acceptable
    # (7.4), and chunked must not be applied twice (6.1). If the last coding is not chunked, 6.3 reads until the connection
    # ends. We refuse all other codings, since we cannot decode them. RFC 9112, 6.1: an HTTP/1.0 answer in chunks is read,
    # and its connection is closed (`is_last`).
    if [coding.lower() for coding in codings] != [b"chunked"]:
        raise HeadError("an unknown transfer coding")
    return ChunkedBody()


def _counted(sizes: set[bytes]) -> Body:
    # RFC 9112, 6.3, rules 5 and 6: one valid length. Lines that repeat the same length count as one (RFC 9110, 5.2).
    # RFC 9110, 8.6: a list of equal lengths in one line ("5, 5") may be refused; we refuse it.
    if len(sizes) > 1 or not all(map(_SIZE.fullmatch, sizes)):
        raise HeadError("an invalid length")
    return CountedBody(int(sizes.pop()))


def read(reader: BufferedReader) -> Head:
    """The head of the final answer; interim answers are skipped. Raises HeadError and the reader's errors."""
    for _ in range(_MOST_INTERIM_ANSWERS + 1):
        head = _read_one(_Lines(reader))
        # RFC 9110, 7.8 and 15.2.2: a server must not switch to a protocol that the client did not ask for.
        if head.status == _SWITCHING_PROTOCOLS:
            raise HeadError("a switch to another protocol")
        # RFC 9110, 15.2: a client may ignore an unexpected interim answer. It has no body (RFC 9112, 6.3).
        if head.status >= _FIRST_FINAL:
            return head
    raise HeadError("too many interim answers")


class _Lines:
    """Reads the lines of one head, and limits the head's size."""

    def __init__(self, reader: BufferedReader) -> None:
        self._reader, self._left_bytes = reader, _LONGEST_HEAD_BYTES

    def next(self) -> bytes:
        """A line with its line end, or the rest without one if the connection ended. Raises HeadError."""
        line = self._reader.readline(self._left_bytes)
        self._left_bytes -= len(line)
        if self._left_bytes <= 0:
            raise HeadError("a head that is too large")
        return line


def _read_one(lines: _Lines) -> Head:
    line = lines.next()
    if not line:
        raise ConnectionResetError("closed without an answer")
    status_line = _STATUS_LINE.fullmatch(line)
    if status_line is None:
        raise HeadError("a malformed status line")
    fields = _read_fields(lines)
    # RFC 9110, 7.6.1 and 5.6.1: a case-insensitive list of options, in one line or several.
    wishes = b",".join(value.lower() for name, value in fields if name == b"connection")
    closes = b"close" in (wish.strip() for wish in wishes.split(b","))
    # RFC 9112, 9.3: "close" and HTTP/1.0 end the connection. A client may honour HTTP/1.0's "keep-alive"; we do not.
    return Head(int(status_line[2]), fields, is_last=closes or status_line[1] == b"0")


def _read_fields(lines: _Lines) -> list[tuple[bytes, bytes]]:
    fields: list[tuple[bytes, bytes]] = []
    # RFC 9112, 2.1: an empty line ends the head. RFC 9112, 8: without the empty line the head is incomplete.
    while (line := lines.next()) not in _END:
        if len(fields) == _MOST_FIELDS:
            raise HeadError("too many fields")
        fields.append(_field(line))
    return fields


def _field(line: bytes) -> tuple[bytes, bytes]:
    """The field's name and value. A regular expression that strips the blanks would take quadratic time."""
    # RFC 9112, 5: name ":" OWS value OWS. 5.1: blanks around the value do not belong to it. A blank before the colon (5.1)
    # or before the first name (2.2) is refused, because a token has no blanks.
    # RFC 9112, 5.2: a folded line is refused, too. A gateway may answer it with 502, as ours does. A user agent must read
    # the fold as a blank; we do not, since other readers take a folded line for a separate field.
    field = _FIELD.fullmatch(line)
    if field is None:
        raise HeadError("a malformed header field")
    name, value = field.groups()
    # RFC 9110, 5.1 and 5.3: names are case-insensitive; the order of lines with the same name matters.
    return name.lower(), value.strip(b" \t")
