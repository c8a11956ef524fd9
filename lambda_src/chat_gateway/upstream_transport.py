"""An httpx transport over http.client, for one origin: what the request path needs and no more.

httpx's own costs a cold start 20 ms more (httpcore, h11, anyio) and each request 0.3 ms: docs/performance.md.
"""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import httpx

from chat_gateway import tls

# A connection may die unnoticed while Lambda has frozen the process.
_KEPT_FOR_S = 20.0
_PIECE_BYTES = 65_536
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
_Connection = http.client.HTTPConnection


class KeptConnections(httpx.BaseTransport):
    """Sends each request over a connection of its own, kept for the next one; safe to share between threads.

    Of a request's `timeout` extension it heeds `connect`, `first_byte` and `read`, each in seconds. A response has the
    extension `shut_down`: a function that wakes whoever reads from it, and ends its connection.
    """

    def __init__(self, base_url: str, *, max_idle: int) -> None:
        url = httpx.URL(base_url)
        self._host, self._port, self._encrypted = url.host, url.port, url.scheme == "https"
        self._max_idle = max_idle
        self._idle: list[tuple[_Connection, float]] = []
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The response, its body still to be read. Raises httpx.RequestError in its kinds."""
        timeouts = request.extensions["timeout"]
        began = time.monotonic()
        connection = self._take() or self._connect(request, timeouts["connect"])
        left_s = max(0.001, timeouts["first_byte"] - (time.monotonic() - began))
        wire = connection.sock  # which http.client lets go of where the answer ends with the connection
        try:
            answer = _exchange(connection, request, left_s)
        except BaseException:
            connection.close()
            raise
        wire.settimeout(timeouts["read"])
        return httpx.Response(
            answer.status,
            headers=answer.getheaders(),
            stream=_Body(connection, answer, self),
            extensions={"shut_down": partial(_shut_down, wire)},
        )

    def give_back(self, connection: _Connection) -> None:
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

    def _take(self) -> _Connection | None:
        """The connection used last, if it still lives."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection, since = self._idle.pop()
            if time.monotonic() - since < _KEPT_FOR_S and not _is_readable(connection.sock):
                return connection
            connection.close()

    def _connect(self, request: httpx.Request, timeout_s: float) -> _Connection:
        connection = (
            http.client.HTTPSConnection(self._host, self._port, timeout=timeout_s, context=tls.context())
            if self._encrypted
            else _Connection(self._host, self._port, timeout=timeout_s)
        )
        try:
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except TimeoutError:
            raise httpx.ConnectTimeout("", request=request) from None
        except OSError:
            connection.close()
            raise httpx.ConnectError("", request=request) from None
        return connection


def _exchange(connection: _Connection, request: httpx.Request, timeout_s: float) -> http.client.HTTPResponse:
    """The answer's status and headers."""
    ends_at = time.monotonic() + timeout_s
    connection.sock.settimeout(timeout_s)
    refusal = _send(connection, request)
    connection.sock.settimeout(max(0.001, ends_at - time.monotonic()))
    try:
        return connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise refusal or _read_failure(error, request) from None


def _send(connection: _Connection, request: httpx.Request) -> httpx.WriteError | None:
    """What went wrong where the server stopped reading early: its answer may be there all the same."""
    headers = {name: value for name, value in request.headers.items() if name != "host"}
    try:
        connection.request("POST", request.url.raw_path.decode("ascii"), request.content, headers)
    except TimeoutError:
        raise httpx.WriteTimeout("", request=request) from None
    except (BrokenPipeError, ConnectionResetError):
        return httpx.WriteError("", request=request)
    except OSError:
        raise httpx.WriteError("", request=request) from None
    return None


def _read_failure(error: Exception, request: httpx.Request | None = None) -> httpx.RequestError:
    if isinstance(error, TimeoutError):
        return httpx.ReadTimeout("", request=request)
    if isinstance(error, OSError):
        return httpx.ReadError("", request=request)
    return httpx.RemoteProtocolError("", request=request)


@dataclass(slots=True)
class _Body(httpx.SyncByteStream):
    """An answer's body as it arrives; the connection is kept once all of it was read."""

    connection: _Connection
    answer: http.client.HTTPResponse
    connections: KeptConnections
    _is_whole: bool = field(default=False, init=False)

    def __iter__(self) -> Iterator[bytes]:
        answer = self.answer
        try:
            while piece := answer.read1(_PIECE_BYTES):
                yield piece
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise _read_failure(error) from None
        if answer.length:  # http.client takes the end of the connection for the end of the body
            raise httpx.RemoteProtocolError("")
        self._is_whole = True

    def close(self) -> None:
        can_be_kept = self._is_whole and not self.answer.will_close
        self.answer.close()
        if can_be_kept and self.connection.sock is not None:
            self.connections.give_back(self.connection)
        else:
            self.connection.close()


def _shut_down(wire: socket.socket) -> None:
    """Wakes whoever reads from it, from another thread."""
    with contextlib.suppress(OSError):
        # Reset when it is closed: else a server that is still sending learns nothing for a minute.
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        # Not SSLSocket's own, which first forgets the TLS state: the reader would be handed ciphertext.
        socket.socket.shutdown(wire, socket.SHUT_RDWR)


def _is_readable(connection: socket.socket) -> bool:
    """Whether something has come that nobody asked for: the other side has closed it."""
    if not hasattr(select, "poll"):
        return bool(select.select([connection], [], [], 0)[0])
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
