"""One HTTP/1.1 connection: sends a request, then reads the head and the body of its answer.

Every wait ends at the deadline `ends_at`, even if bytes keep arriving slowly. Raises OSError (TimeoutError at the
deadline), HeadError and BodyError. Rules cite their section: https://www.rfc-editor.org/rfc/rfc9112
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
from chat_gateway.http1.body import Body, BodyError, CountedBody, UncountedBody
from chat_gateway.http1.connect import left_s
from chat_gateway.http1.head import Head

# The size of a TLS record. The first read of a body is smaller, so that the first event is passed on sooner.
_PIECE_BYTES, _FIRST_PIECE_BYTES = 16_384, 512
# Longer than any answer takes, and within the limit of a socket's timeout.
LONGEST_PAUSE_S = 86_400.0
# The server must take this much of a request within one pause.
_SENT_AT_ONCE_BYTES = 65_536
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class HttpConnection:
    """Owns a connected socket. `ends_at` is a time on time.monotonic()."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._wire = _Wire(connection)
        self._reader: io.BufferedReader = io.BufferedReader(self._wire)
        self._body: Body = CountedBody(0)
        self._is_last = False

    def send(
        self, head: bytes, content: bytes = b"", *, ends_at: float, pause_s: float = LONGEST_PAUSE_S
    ) -> OSError | None:
        """Sends a request, or its next part, by `ends_at`, and every 64 kB of it within `pause_s`.

        Returns the failure if the server stopped reading, because the server may have sent an answer already.
        """
        self._body, self._is_last = UncountedBody(), True  # until the answer's head has been read
        try:
            if len(content) <= _PIECE_BYTES:
                self._send_all(head + content, ends_at, pause_s)
            else:
                self._send_all(head, ends_at, pause_s)
                self._send_all(content, ends_at, pause_s)
        # RFC 9112, 9.5: a client should stop sending after an error response. We look for one when sending fails.
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError) as failure:
            return failure
        return None

    def _send_all(self, data: bytes, ends_at: float, pause_s: float) -> None:
        # The timeout of Python's `sendall` covers the whole call, so the data is sent in parts.
        left = memoryview(data)
        while left:
            self._socket.settimeout(min(left_s(ends_at), pause_s))
            self._socket.sendall(left[:_SENT_AT_ONCE_BYTES])
            left = left[_SENT_AT_ONCE_BYTES:]

    def read_head(
        self,
        *,
        ends_at: float,
        pause_s: float = LONGEST_PAUSE_S,
        to_head: bool = False,
        is_last: bool = False,
    ) -> Head:
        """The head of the answer. Read the body with `pieces` afterwards.

        `to_head`: the request's method was HEAD. `is_last`: the request asked to close the connection.
        """
        self.end_by(ends_at, pause_s=pause_s)
        head = http_head.read(self._reader)
        # RFC 9112, 9.6: "close" in a request or its answer makes this exchange the connection's last.
        self._body, self._is_last = head.body(to_head=to_head), head.is_last or is_last
        return head

    def end_by(self, ends_at: float, *, pause_s: float = LONGEST_PAUSE_S) -> None:
        """Sets a new deadline for reading: `ends_at`, or `pause_s` without a byte."""
        self._wire.end_by(ends_at, pause_s=pause_s)

    def pieces(self) -> Iterator[bytes]:
        """The body as it arrives."""
        body, read, most_bytes = self._body, self._reader.read1, _FIRST_PIECE_BYTES
        while not body.is_whole:
            if not (data := read(most_bytes)):
                # RFC 9112, 9.8: without TLS's closure alert, an attacker may have cut the answer off.
                if self._wire.is_torn:
                    raise BodyError("the answer was cut off")
                body.end()
            elif piece := body.feed(data):
                yield piece
                most_bytes = _PIECE_BYTES

    def can_be_kept(self) -> bool:
        """Whether the whole answer was read, nothing came after it, and the server keeps the connection open."""
        # RFC 9112, 6.3: extra bytes must not be taken for another answer. 9.3: the whole body must be read first.
        return self._body.can_be_followed and not self._is_last and not self._has_read_ahead()

    def _has_read_ahead(self) -> bool:
        self._wire.end_by(0.0, pause_s=0.0)  # look only at bytes that have been read already
        try:
            return bool(self._reader.peek(1))
        except TimeoutError:
            return False

    def is_idle(self) -> bool:
        """Whether the connection is still open and no unexpected bytes have come."""
        # RFC 9112, 9.2: data without a request is not an answer, and the connection should be closed. The RFC allows
        # ignoring empty lines; we close the connection for them, too.
        connection = self._socket
        if isinstance(connection, ssl.SSLSocket) and connection.pending():
            return False
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        """Closes the connection. Resets it if an answer is incomplete, so that the server stops generating."""
        # RFC 9112, 9.5: a client should close gracefully. But then Bedrock would go on generating, and charge for it.
        if not self._body.is_whole:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        elif isinstance(self._socket, ssl.SSLSocket):
            _send_closure_alert(self._socket)
        self._socket.close()


def _send_closure_alert(connection: ssl.SSLSocket) -> None:
    # RFC 9112, 9.8: a client must send the alert, and need not wait for the server's alert.
    with contextlib.suppress(OSError, ValueError):
        connection.settimeout(0)
        connection.unwrap()


class _Wire(io.RawIOBase):
    """Reads a socket, each read limited to the time that is left. `is_torn`: TLS ended without its closure alert."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket, self.is_torn = connection, False
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
        try:
            return self._socket.recv_into(buffer)
        except ssl.SSLEOFError:
            self.is_torn = True
            return 0
