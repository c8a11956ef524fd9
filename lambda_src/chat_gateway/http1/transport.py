"""An httpx transport for one origin over HTTP/1.1: what the request path needs and no more.

httpx's own costs a cold start 20 ms more (httpcore, h11, anyio) and each request 0.3 ms: docs/performance.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx

from chat_gateway.http1 import connect as http_connect
from chat_gateway.http1.connect import Origin
from chat_gateway.http1.connection import HttpConnection
from chat_gateway.http1.head import Head

# A connection may die unnoticed while Lambda has frozen the process.
_KEPT_FOR_S = 20.0


class KeptConnections(httpx.BaseTransport):
    """Sends each request over a connection of its own, kept for the next one; safe to share between threads.

    Of a request's `timeout` extension it heeds `connect`, `first_byte` (from now to the answer's head) and `read` (between
    two pieces), each in seconds, and `ends_at` (on time.monotonic()). A response has the extension `end_by`: a function
    that sets another `ends_at`.
    """

    def __init__(self, base_url: str, *, max_idle: int) -> None:
        url = httpx.URL(base_url)
        is_encrypted = url.scheme == "https"
        self._origin = Origin(url.host, url.port or (443 if is_encrypted else 80), is_encrypted)
        self._max_idle = max_idle
        self._idle: list[tuple[HttpConnection, float]] = []
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The response, its body still to be read.

        Raises httpx.RequestError in its kinds, and ValueError for a header that is more than one line.
        """
        timeouts = request.extensions["timeout"]
        head = _request_head(request)
        begun_at = time.monotonic()
        connection = self._take() or self._connect(request, begun_at + timeouts["connect"])
        try:
            answer = _exchange(connection, request, head, begun_at + timeouts["first_byte"])
        except BaseException:
            connection.close()
            raise
        connection.end_by(timeouts["ends_at"], pause_s=timeouts["read"])
        return httpx.Response(
            answer.status,
            headers=answer.fields,
            stream=_Stream(connection, self),
            extensions={"end_by": connection.end_by},
        )

    def give_back(self, connection: HttpConnection) -> None:
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

    def _take(self) -> HttpConnection | None:
        """The connection used last, if it still lives."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection, since = self._idle.pop()
            if time.monotonic() - since < _KEPT_FOR_S and connection.is_idle():
                return connection
            connection.close()

    def _connect(self, request: httpx.Request, ends_at: float) -> HttpConnection:
        try:
            return HttpConnection(http_connect.connect(self._origin, ends_at=ends_at))
        except TimeoutError:
            raise httpx.ConnectTimeout("not connected in time", request=request) from None
        except OSError as failure:
            raise httpx.ConnectError(_cause(failure), request=request) from None


def _cause(error: OSError) -> str:
    from chat_gateway.http1 import causes  # for failed requests only

    return causes.cause(error)


def _request_head(request: httpx.Request) -> bytes:
    lines = [
        b"POST %b HTTP/1.1" % request.url.raw_path,
        *map(b"%b: %b".__mod__, request.headers.raw),
        b"",
        b"",
    ]
    head = b"\r\n".join(lines)
    if not head.count(b"\r") == head.count(b"\n") == len(lines) - 1:
        raise ValueError("a header of a request is more than one line")
    return head


def _exchange(connection: HttpConnection, request: httpx.Request, head: bytes, ends_at: float) -> Head:
    try:
        refusal = connection.send(head, request.content, ends_at=ends_at)
    except TimeoutError:
        raise httpx.WriteTimeout("the request not taken in time", request=request) from None
    except OSError as error:
        raise httpx.WriteError(_cause(error), request=request) from None
    try:
        return connection.read_head(ends_at=ends_at)
    except (OSError, ValueError) as error:
        raise _read_failure(error) if refusal is None else httpx.WriteError(_cause(refusal)) from None


def _read_failure(error: Exception) -> httpx.RequestError:
    if isinstance(error, TimeoutError):
        return httpx.ReadTimeout("nothing came in time")
    if isinstance(error, OSError):
        return httpx.ReadError(_cause(error))
    return httpx.RemoteProtocolError(str(error))


class _Stream(httpx.SyncByteStream):
    """An answer's body as it arrives; the connection is kept once all of it was read."""

    def __init__(self, connection: HttpConnection, connections: KeptConnections) -> None:
        self._connection, self._connections = connection, connections

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._connection.pieces()
        except (OSError, ValueError) as error:
            raise _read_failure(error) from None

    def close(self) -> None:
        if self._connection.can_be_kept():
            self._connections.give_back(self._connection)
        else:
            self._connection.close()
