"""An httpx transport for one origin over HTTP/1.1: what the request path needs and no more.

httpx's own costs a cold start 20 ms more (httpcore, h11, anyio) and each request 0.3 ms: docs/performance.md.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from functools import partial
from io import BufferedReader
from typing import NamedTuple

import httpx

from chat_gateway import http_head, tls
from chat_gateway.http_body import Body
from chat_gateway.http_head import Head
from response_streaming import ALARM

# A connection may die unnoticed while Lambda has frozen the process.
_KEPT_FOR_S = 20.0
# What one TLS record holds. Of the body less at first, so that its first event does not wait for all that came with it.
_PIECE_BYTES, _FIRST_PIECE_BYTES = 16_384, 512
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
_LINE_BREAK = re.compile(rb"[\r\n]")


class _Answer(NamedTuple):
    """A head that has come, and what its body is read from."""

    head: Head
    body: Body
    reader: BufferedReader


class KeptConnections(httpx.BaseTransport):
    """Sends each request over a connection of its own, kept for the next one; safe to share between threads.

    Of a request's `timeout` extension it heeds `connect`, `first_byte` and `read`, each in seconds. A response has the
    extension `shut_down`: a function that wakes whoever reads from it, and ends its connection.
    """

    def __init__(self, base_url: str, *, max_idle: int) -> None:
        url = httpx.URL(base_url)
        self._is_encrypted = url.scheme == "https"
        self._host, self._port = url.host, url.port or (443 if self._is_encrypted else 80)
        self._max_idle = max_idle
        self._idle: list[tuple[socket.socket, float]] = []
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The response, its body still to be read.

        Raises httpx.RequestError in its kinds, and ValueError for a header that is more than one line.
        """
        timeouts = request.extensions["timeout"]
        head = _request_head(request)
        ends_at = time.monotonic() + timeouts["first_byte"]
        connection = self._take() or self._connect(request, timeouts["connect"])
        try:
            answer = _exchange(connection, request, head, ends_at)
        except BaseException:
            connection.close()
            raise
        connection.settimeout(timeouts["read"])
        return httpx.Response(
            answer.head.status,
            headers=answer.head.fields,
            stream=_Stream(connection, answer, self),
            extensions={"shut_down": partial(_shut_down, connection)},
        )

    def give_back(self, connection: socket.socket) -> None:
        """Keeps a connection whose answer was read to its end."""
        with self._lock:
            if len(self._idle) < self._max_idle:
                self._idle.append((connection, time.monotonic()))
                return
        connection.close()

    def close(self) -> None:
        """Closes the connections that are kept."""
        with self._lock:
            while self._idle:
                self._idle.pop()[0].close()

    def _take(self) -> socket.socket | None:
        """The connection used last, if it still lives."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection, since = self._idle.pop()
            if time.monotonic() - since < _KEPT_FOR_S and not _is_readable(connection):
                return connection
            connection.close()

    def _connect(self, request: httpx.Request, timeout_s: float) -> socket.socket:
        try:
            connection = socket.create_connection((self._host, self._port), timeout_s)
            # The end of a long request must not wait for the acknowledgement of what came before it.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._is_encrypted:
                # Closes the connection itself where the other side is not who it should be.
                return tls.context().wrap_socket(connection, server_hostname=self._host)
        except TimeoutError:
            raise httpx.ConnectTimeout("", request=request) from None
        except OSError:
            raise httpx.ConnectError("", request=request) from None
        return connection


def _request_head(request: httpx.Request) -> bytes:
    lines = [
        b"POST %b HTTP/1.1" % request.url.raw_path,
        *(b"%b: %b" % field for field in request.headers.raw),
    ]
    if any(map(_LINE_BREAK.search, lines)):
        raise ValueError("a header of a request is more than one line")
    return b"\r\n".join([*lines, b"", b""])


def _exchange(connection: socket.socket, request: httpx.Request, head: bytes, ends_at: float) -> _Answer:
    connection.settimeout(max(0.001, ends_at - time.monotonic()))
    # A head that comes byte by byte never leaves the socket waiting for as long.
    cut_off = ALARM.at(ends_at, partial(_shut_down, connection))
    refusal = None
    try:
        refusal = _send(connection, request, head)
        return _read_head(connection)
    except (OSError, ValueError) as error:
        is_late = time.monotonic() >= ends_at
        raise refusal or _read_failure(TimeoutError() if is_late else error, request) from None
    finally:
        cut_off.cancel()


def _send(connection: socket.socket, request: httpx.Request, head: bytes) -> httpx.WriteError | None:
    """What went wrong where the server stopped reading early: its answer may be there all the same."""
    content = request.content
    try:
        if len(content) <= _PIECE_BYTES:
            connection.sendall(head + content)
        else:
            connection.sendall(head)
            connection.sendall(content)
    except TimeoutError:
        raise httpx.WriteTimeout("", request=request) from None
    except (BrokenPipeError, ConnectionResetError):
        return httpx.WriteError("", request=request)
    except OSError:
        raise httpx.WriteError("", request=request) from None
    return None


def _read_head(connection: socket.socket) -> _Answer:
    reader = connection.makefile("rb")
    try:
        head = http_head.read(reader)
        return _Answer(head, head.body(), reader)
    except BaseException:
        reader.close()
        raise


def _read_failure(error: Exception, request: httpx.Request | None = None) -> httpx.RequestError:
    if isinstance(error, TimeoutError):
        return httpx.ReadTimeout("", request=request)
    if isinstance(error, OSError):
        return httpx.ReadError("", request=request)
    return httpx.RemoteProtocolError("", request=request)


class _Stream(httpx.SyncByteStream):
    """An answer's body as it arrives; the connection is kept once all of it was read."""

    def __init__(self, connection: socket.socket, answer: _Answer, connections: KeptConnections) -> None:
        self._connection, self._answer, self._connections = connection, answer, connections

    def __iter__(self) -> Iterator[bytes]:
        body, read, most_bytes = self._answer.body, self._answer.reader.read1, _FIRST_PIECE_BYTES
        try:
            while not body.is_whole:
                if not (data := read(most_bytes)):
                    body.end()
                elif piece := body.feed(data):
                    yield piece
                    most_bytes = _PIECE_BYTES
        except (OSError, ValueError) as error:
            raise _read_failure(error) from None

    def close(self) -> None:
        head, body, reader = self._answer
        reader.close()
        if body.can_be_followed and not head.is_last:
            self._connections.give_back(self._connection)
        else:
            self._connection.close()


def _shut_down(wire: socket.socket) -> None:
    """Wakes whoever reads from it, from another thread."""
    with contextlib.suppress(OSError):
        # Reset when it is closed: else a server that is still sending learns nothing for a minute.
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        # Not SSLSocket's own, which first forgets the TLS state: the reader would be handed ciphertext.
        socket.socket.shutdown(wire, socket.SHUT_RDWR)


def _is_readable(connection: socket.socket) -> bool:
    """Whether something has come that nobody asked for: the other side has closed it, or is out of step."""
    if isinstance(connection, ssl.SSLSocket) and connection.pending():
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([connection], [], [], 0)[0])
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
