"""One HTTP/1.1 connection: a request goes out, the head of its answer comes in, then its body.

Every wait ends by the moment that the user names, however few bytes come at a time. Raises OSError (TimeoutError at
that moment), HeadError and BodyError.
"""

from __future__ import annotations

import contextlib
import io
import select
import socket
import ssl
import struct
import time
from collections.abc import Iterator

from chat_gateway.http1 import head as http_head
from chat_gateway.http1.body import Body, CountedBody, UncountedBody
from chat_gateway.http1.connect import left_s
from chat_gateway.http1.head import Head

# What one TLS record holds. Of the body less at first, so that its first event does not wait for all that came with it.
_PIECE_BYTES, _FIRST_PIECE_BYTES = 16_384, 512
_LONGEST_PAUSE_S = 86_400.0
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class HttpConnection:
    """Over a connected socket, which it owns. Moments (`ends_at`) are on time.monotonic()."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._wire = _Wire(connection)
        self._reader: io.BufferedReader = io.BufferedReader(self._wire)
        self._body: Body = CountedBody(0)
        self._is_last = False

    def send(self, head: bytes, content: bytes, *, ends_at: float) -> OSError | None:
        """Sends a request. Returns the failure where the server stopped reading: its answer may be there already."""
        self._socket.settimeout(left_s(ends_at))
        self._body, self._is_last = UncountedBody(), True  # until the answer's head is here
        try:
            if len(content) <= _PIECE_BYTES:
                self._socket.sendall(head + content)
            else:
                self._socket.sendall(head)
                self._socket.sendall(content)
        except (BrokenPipeError, ConnectionResetError) as failure:
            return failure
        return None

    def read_head(self, *, ends_at: float) -> Head:
        """The head of the answer; its body is what `pieces` reads next."""
        self.end_by(ends_at)
        head = http_head.read(self._reader)
        self._body, self._is_last = head.body(), head.is_last
        return head

    def end_by(self, ends_at: float, *, pause_s: float = _LONGEST_PAUSE_S) -> None:
        """From here on, reading ends at `ends_at`, or after `pause_s` without a byte."""
        self._wire.end_by(ends_at, pause_s=pause_s)

    def pieces(self) -> Iterator[bytes]:
        """The body as it arrives."""
        body, read, most_bytes = self._body, self._reader.read1, _FIRST_PIECE_BYTES
        while not body.is_whole:
            if not (data := read(most_bytes)):
                body.end()
            elif piece := body.feed(data):
                yield piece
                most_bytes = _PIECE_BYTES

    def can_be_kept(self) -> bool:
        """Whether the answer was read to its end, nothing came behind it, and the server goes on listening."""
        return self._body.can_be_followed and not self._is_last and not self._has_read_ahead()

    def _has_read_ahead(self) -> bool:
        self._wire.end_by(0.0, pause_s=0.0)  # so that it looks at what is here, and does not wait for more
        try:
            return bool(self._reader.peek(1))
        except TimeoutError:
            return False

    def is_idle(self) -> bool:
        """Whether nothing has come that nobody asked for: neither bytes nor the connection's end."""
        connection = self._socket
        if isinstance(connection, ssl.SSLSocket) and connection.pending():
            return False
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        """Ends the connection; at once where an answer is still coming, so that the server stops making it."""
        if not self._body.is_whole:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        self._socket.close()


class _Wire(io.RawIOBase):
    """A socket's bytes, each read limited to the time that is left."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._ends_at = self._pause_s = 0.0

    def end_by(self, ends_at: float, *, pause_s: float) -> None:
        self._ends_at, self._pause_s = ends_at, pause_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(min(left, self._pause_s))
        return self._socket.recv_into(buffer)
