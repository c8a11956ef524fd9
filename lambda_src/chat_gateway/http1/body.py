"""Reads the body of an HTTP/1.1 answer, and finds where the body ends.

Bytes that arrive together are returned together. Bytes after the end are detected. Each rule cites its section:
https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Protocol

# RFC 9112, 7.1.1: a recipient ought to limit the length of chunk extensions.
_LONGEST_LINE_BYTES = 16_384
# RFC 9112, 7.1: 1*HEXDIG, and a number that is too large must not overflow: 15 digits are a million terabytes.
# RFC 9112, 7.1.1: extensions begin with ";", and unknown extensions must be ignored. We know none.
# Blanks are allowed before ";" only. We also accept them without ";", since some servers pad the size with blanks.
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")
# RFC 9112, 7.1: CRLF. A single LF (2.2) may end a line of the head, but not a chunk.
_CHUNK_END = b"\r\n"
# RFC 9112, 7.1.2 and 2.2: a trailer section has field lines, which may end with a single LF.
_EMPTY_LINES = (b"\r\n", b"\n")


class BodyError(ValueError):
    """The body is malformed or incomplete."""


class TooLargeError(ValueError):
    """The body is larger than the limit."""


def gather(pieces: Iterable[bytes], max_bytes: int, *, cuts: bool = False) -> bytes:
    """All `pieces` joined. Above `max_bytes`: raises TooLargeError, or with `cuts` returns the first `max_bytes`."""
    kept: list[bytes] = []
    left_bytes = max_bytes
    for piece in pieces:
        kept.append(piece[:left_bytes])
        left_bytes -= len(piece)
        if left_bytes < 0:
            if not cuts:
                raise TooLargeError
            break
    return b"".join(kept)


class Body(Protocol):
    """The body of one answer."""

    is_whole: bool  # the end has come
    can_be_followed: bool  # the end has come and no byte after it: the connection can be used again

    def feed(self, data: bytes) -> bytes:
        """The bytes of the body in `data`. Raises BodyError."""
        ...

    def end(self) -> None:
        """Call this when the connection has ended. Raises BodyError if the body is incomplete."""
        ...


class CountedBody:
    """A body whose size the head says (RFC 9112, 6.3, rule 6); size 0 where no body is allowed (rule 1)."""

    def __init__(self, size_bytes: int) -> None:
        self._left = size_bytes
        self.is_whole = self.can_be_followed = size_bytes == 0

    def feed(self, data: bytes) -> bytes:
        piece = data[: self._left]
        self._left -= len(piece)
        self.is_whole = self._left == 0
        self.can_be_followed = self.is_whole and len(piece) == len(data)
        return piece

    def end(self) -> None:
        # RFC 9112, 8: a body with fewer bytes than Content-Length is incomplete.
        if not self.is_whole:
            raise BodyError("the answer was cut off")


class UncountedBody:
    """A body that ends with the connection (RFC 9112, 6.3, rule 8)."""

    def __init__(self) -> None:
        self.is_whole = self.can_be_followed = False

    def feed(self, data: bytes) -> bytes:
        return data

    def end(self) -> None:
        # RFC 9112, 8: the body is complete, unless the connection reported an error.
        self.is_whole = True


class ChunkedBody:
    """A body in chunks, with trailers after the last chunk (RFC 9112, 7.1)."""

    def __init__(self) -> None:
        self.is_whole = self.can_be_followed = False
        self._rest = b""  # the beginning of an incomplete line
        self._left = 0  # bytes of the current chunk that are still to come
        self._read_line: Callable[[ChunkedBody, bytes], None] = ChunkedBody._read_size

    def feed(self, data: bytes) -> bytes:
        if self._rest:
            data, self._rest = self._rest + data, b""
        pieces, at = [], 0
        while at < len(data) and not self.is_whole:
            if self._left:
                pieces.append(data[at : at + self._left])
                at += len(pieces[-1])
                self._left -= len(pieces[-1])
                continue
            line_end = data.find(b"\n", at) + 1
            if not line_end:
                self._keep(data[at:])
                return b"".join(pieces)
            self._read_line(self, data[at:line_end])
            at = line_end
        self.can_be_followed = self.is_whole and at == len(data)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def end(self) -> None:
        # RFC 9112, 8: without the chunk of size zero the body is incomplete. We also require the empty line after it (7.1).
        if not self.is_whole:
            raise BodyError("the answer was cut off")

    def _keep(self, rest: bytes) -> None:
        if len(rest) > _LONGEST_LINE_BYTES:
            raise BodyError("a line that is too long")
        self._rest = rest

    def _read_size(self, line: bytes) -> None:
        size = _CHUNK_SIZE.fullmatch(line)
        if size is None:
            raise BodyError("a malformed chunk size")
        self._left = int(size[1], 16)
        # RFC 9112, 7.1: the chunk of size zero is the last one. The trailer section follows.
        self._read_line = ChunkedBody._read_chunk_end if self._left else ChunkedBody._read_trailer

    def _read_chunk_end(self, line: bytes) -> None:
        if line != _CHUNK_END:
            raise BodyError("a chunk of another size than it says")
        self._read_line = ChunkedBody._read_size

    def _read_trailer(self, line: bytes) -> None:
        # RFC 9112, 7.1.2: a recipient may discard trailer fields. We do, so that no trailer is mistaken for a header.
        self.is_whole = line in _EMPTY_LINES
