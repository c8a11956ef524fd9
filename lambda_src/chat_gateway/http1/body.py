"""Finds an HTTP/1.1 answer's body, and its end, in the bytes that follow the head.

All that has come together goes on together, and what comes behind the end is noticed. Each rule cites its section:
https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Protocol

# RFC 9112, 7.1.1: the length of a chunk's extensions ought to be limited.
_LONGEST_LINE_BYTES = 16_384
# RFC 9112, 7.1: 1*HEXDIG, and a number that is too large must not overflow: 15 digits are a million terabytes.
# RFC 9112, 7.1.1: extensions begin with ";", and those that are not known must be ignored. We know none.
# Blanks may stand before ";" only; we take them without one as well, since some servers pad the size with them.
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")
# RFC 9112, 7.1: CRLF. That a single LF ends a line, too (2.2), is said of the head's lines and not of chunks.
_CHUNK_END = b"\r\n"
# RFC 9112, 7.1.2 and 2.2: a trailer section is field lines, which a single LF may end.
_EMPTY_LINES = (b"\r\n", b"\n")


class BodyError(ValueError):
    """The bytes are no body, or end before it does."""


class TooLargeError(ValueError):
    """There are more bytes than were wanted."""


def gather(pieces: Iterable[bytes], max_bytes: int, *, cuts: bool = False) -> bytes:
    """All `pieces` in one. Where there are more than `max_bytes`, raises TooLargeError, or `cuts` and reads no more."""
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
    """One answer's body, of which the bytes come in."""

    is_whole: bool  # its end has come
    can_be_followed: bool  # so it has, and nothing behind it: the connection can carry another answer

    def feed(self, data: bytes) -> bytes:
        """Those bytes of the body that `data` brings. Raises BodyError."""
        ...

    def end(self) -> None:
        """The connection has ended. Raises BodyError where the body has not."""
        ...


class CountedBody:
    """As many bytes as the head said (RFC 9112, 6.3, rule 6); none where there can be no body (rule 1)."""

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
        # RFC 9112, 8: incomplete with fewer bytes than Content-Length says.
        if not self.is_whole:
            raise BodyError("the answer was cut off")


class UncountedBody:
    """Whatever comes before the end of the connection (RFC 9112, 6.3, rule 8)."""

    def __init__(self) -> None:
        self.is_whole = self.can_be_followed = False

    def feed(self, data: bytes) -> bytes:
        return data

    def end(self) -> None:
        # RFC 9112, 8: complete, unless the connection told of an error.
        self.is_whole = True


class ChunkedBody:
    """In chunks, behind each its line end, behind the last one trailers (RFC 9112, 7.1)."""

    def __init__(self) -> None:
        self.is_whole = self.can_be_followed = False
        self._rest = b""  # of a line that has not come to its end
        self._left = 0  # of the current chunk
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
        # RFC 9112, 8: incomplete without the chunk of size zero; we ask for the empty line behind it as well (7.1).
        if not self.is_whole:
            raise BodyError("the answer was cut off")

    def _keep(self, rest: bytes) -> None:
        if len(rest) > _LONGEST_LINE_BYTES:
            raise BodyError("a line without an end")
        self._rest = rest

    def _read_size(self, line: bytes) -> None:
        size = _CHUNK_SIZE.fullmatch(line)
        if size is None:
            raise BodyError("not the size of a chunk")
        self._left = int(size[1], 16)
        # RFC 9112, 7.1: the chunk of size zero is the last one, and the trailer section follows.
        self._read_line = ChunkedBody._read_chunk_end if self._left else ChunkedBody._read_trailer

    def _read_chunk_end(self, line: bytes) -> None:
        if line != _CHUNK_END:
            raise BodyError("a chunk is not as long as it says")
        self._read_line = ChunkedBody._read_size

    def _read_trailer(self, line: bytes) -> None:
        # RFC 9112, 7.1.2: a recipient may discard trailer fields. We do, so that nothing of them is taken for a header.
        self.is_whole = line in _EMPTY_LINES
