"""An httpx transport over HTTP/1.1: what the request path needs and no more.

httpx's own costs a cold start 20 ms more (httpcore, h11, anyio) and each request 0.3 ms: docs/performance.md.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import httpx

from chat_gateway.http1 import connect as http_connect
from chat_gateway.http1.connect import Origin
from chat_gateway.http1.connection import LONGEST_PAUSE_S, HttpConnection
from chat_gateway.http1.head import Head

# A connection may die unnoticed while Lambda has frozen the process.
_KEPT_FOR_S = 20.0
_DEFAULT_PORTS = {"http": 80, "https": 443}
# A socket takes 0 for "do not wait", which is no timeout.
_SHORTEST_PAUSE_S = 0.001

# Scheme, host and port, which is None where it is the scheme's own.
_OriginKey = tuple[str, bytes, int | None]
# A request's body in pieces as they are sent, and whether the request asks for the connection's end.
_Framed = tuple[Iterable[bytes], bool]


class KeptConnections(httpx.BaseTransport):
    """Sends each request over a connection of its own, kept for the next one to its origin; safe to share between threads.

    What it heeds of a request's extensions:

    `timeout`, which httpx's client sets: `connect`, `write` (of 64 kB) and `read` (each wait for bytes), in seconds or None.
    `pool` limits nothing: a request that finds no idle connection opens one, and waits for no other request.
    `first_byte` in `timeout`, ours: the answer's head has so many seconds from now; `read` then counts for the body alone.
    `deadline`, ours: the moment on time.monotonic() at which the whole exchange ends.
    `is_framed`, ours: the request's content has been read, and its header fields need no check.

    A response has the extension `end_by`: a function that sets another deadline.
    """

    def __init__(self, *, max_idle: int = 20) -> None:
        self._max_idle = max_idle
        self._idle: list[tuple[_OriginKey, HttpConnection, float]] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The response, its body still to be read.

        Raises httpx.TransportError in its kinds; LocalProtocolError where HTTP/1.1 cannot carry the request.
        """
        head = _request_head(request)
        framed = None if "is_framed" in request.extensions else _framed(request)
        times, origin = _Times(request.extensions), _origin_key(request.url)
        connection = self._take(origin) or self._connect(request, times.connect_by())
        try:
            answer = _exchange(connection, request, head, framed, times)
        except BaseException:
            connection.close()
            raise
        connection.end_by(times.ends_at, pause_s=times.read_s)
        stream = _Stream(connection, origin, self)
        return httpx.Response(
            answer.status, headers=answer.fields, stream=stream, extensions={"end_by": stream.end_by}
        )

    def give_back(self, connection: HttpConnection, origin: _OriginKey) -> None:
        """Keeps a connection whose answer was read to its end, in place of the oldest where there are too many."""
        with self._lock:
            self._idle.append((origin, connection, time.monotonic()))
            if len(self._idle) <= self._max_idle and not self._is_closed:
                return
            superfluous = self._idle.pop(0)[1]
        superfluous.close()

    def close(self) -> None:
        """Closes the connections that are kept, and keeps no more: each that is in use is closed with its response."""
        with self._lock:
            self._is_closed = True
            while self._idle:
                self._idle.pop()[1].close()

    def _take(self, origin: _OriginKey) -> HttpConnection | None:
        """The connection to that origin that was used last, if it still lives."""
        while True:
            with self._lock:
                at = len(self._idle) - 1
                while at >= 0 and self._idle[at][0] != origin:
                    at -= 1
                if at < 0:
                    return None
                _, connection, since = self._idle.pop(at)
            if time.monotonic() - since < _KEPT_FOR_S and connection.is_idle():
                return connection
            connection.close()

    def _connect(self, request: httpx.Request, ends_at: float) -> HttpConnection:
        try:
            return HttpConnection(http_connect.connect(_origin(request), ends_at=ends_at))
        except TimeoutError as failure:
            raise httpx.ConnectTimeout("not connected in time", request=request) from failure
        except OSError as failure:
            raise httpx.ConnectError(_cause(failure), request=request) from failure


class _Times:
    """How long each part of an exchange may take: moments on time.monotonic(), and pauses in seconds."""

    __slots__ = ("_connect_s", "ends_at", "head_by", "head_pause_s", "read_s", "write_s")

    def __init__(self, extensions: Mapping[str, Any]) -> None:
        timeouts: Mapping[str, float | None] = extensions.get("timeout") or {}
        self.ends_at: float = extensions.get("deadline", math.inf)
        self._connect_s, self.write_s = timeouts.get("connect"), _pause_s(timeouts.get("write"))
        self.read_s, first_byte_s = _pause_s(timeouts.get("read")), timeouts.get("first_byte")
        if first_byte_s is None:
            self.head_by, self.head_pause_s = self.ends_at, self.read_s
        else:
            self.head_by = min(time.monotonic() + first_byte_s, self.ends_at)
            self.head_pause_s = LONGEST_PAUSE_S

    def connect_by(self) -> float:
        """Where connecting begins now."""
        return min(time.monotonic() + _pause_s(self._connect_s), self.ends_at)


def _pause_s(timeout_s: float | None) -> float:
    """What a socket can be told of one of httpx's timeouts."""
    return LONGEST_PAUSE_S if timeout_s is None else min(max(timeout_s, _SHORTEST_PAUSE_S), LONGEST_PAUSE_S)


def _origin_key(url: httpx.URL) -> _OriginKey:
    return url.scheme, url.raw_host, url.port


def _origin(request: httpx.Request) -> Origin:
    scheme, host, port = _origin_key(request.url)
    return Origin(host.decode("ascii"), port or _DEFAULT_PORTS[scheme], scheme == "https")


def _cause(error: OSError) -> str:
    from chat_gateway.http1 import causes  # for failed requests only

    return causes.cause(error)


def _request_head(request: httpx.Request) -> bytes:
    lines = [
        # RFC 9112, 3.2.1: the target is the path and the query.
        b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path),
        *map(b"%b: %b".__mod__, request.headers.raw),
        b"",
        b"",
    ]
    head = b"\r\n".join(lines)
    # RFC 9112, 11.1: a field that brings lines of its own would be a field, or a request, of somebody else's.
    if not head.count(b"\r") == head.count(b"\n") == len(lines) - 1:
        raise httpx.LocalProtocolError("a header of a request is more than one line", request=request)
    return head


def _framed(request: httpx.Request) -> _Framed:
    from chat_gateway.http1 import framing  # for requests that httpx's client makes

    return framing.body(request), framing.is_last(request)


def _exchange(
    connection: HttpConnection, request: httpx.Request, head: bytes, framed: _Framed | None, times: _Times
) -> Head:
    """The answer's head. What iterating over the request's body raises is the caller's own, and passed on."""
    pieces, is_last = framed or ((), False)
    refusal = _send(connection, request, head, b"" if framed else request.content, times)
    for piece in pieces if refusal is None else ():
        if (refusal := _send(connection, request, piece, b"", times)) is not None:
            break
    return _read_head(connection, request, times, refusal, is_last=is_last or refusal is not None)


def _send(
    connection: HttpConnection, request: httpx.Request, head: bytes, content: bytes, times: _Times
) -> OSError | None:
    try:
        return connection.send(head, content, ends_at=times.head_by, pause_s=times.write_s)
    except TimeoutError as failure:
        raise httpx.WriteTimeout("the request not taken in time", request=request) from failure
    except OSError as failure:
        raise httpx.WriteError(_cause(failure), request=request) from failure


def _read_head(
    connection: HttpConnection,
    request: httpx.Request,
    times: _Times,
    refusal: OSError | None,
    *,
    is_last: bool,
) -> Head:
    try:
        return connection.read_head(
            ends_at=times.head_by,
            pause_s=times.head_pause_s,
            to_head=request.method == "HEAD",
            is_last=is_last,
        )
    except (OSError, ValueError) as failure:
        if refusal is not None:
            raise httpx.WriteError(_cause(refusal), request=request) from refusal
        raise _read_failure(failure, request) from failure


def _read_failure(failure: Exception, request: httpx.Request | None = None) -> httpx.TransportError:
    if isinstance(failure, TimeoutError):
        return httpx.ReadTimeout("nothing came in time", request=request)
    if isinstance(failure, OSError):
        return httpx.ReadError(_cause(failure), request=request)
    return httpx.RemoteProtocolError(str(failure), request=request)


class _Stream(httpx.SyncByteStream):
    """An answer's body as it arrives; the connection is kept once all of it was read.

    It does not hold the request, whose content may be large. httpx's client puts it on what is raised here.
    """

    def __init__(self, connection: HttpConnection, origin: _OriginKey, connections: KeptConnections) -> None:
        self._connection: HttpConnection | None = connection
        self._origin, self._connections = origin, connections

    def end_by(self, ends_at: float) -> None:
        """From here on, reading ends at `ends_at` (on time.monotonic())."""
        if self._connection is not None:
            self._connection.end_by(ends_at)

    def __iter__(self) -> Iterator[bytes]:
        if self._connection is None:
            raise httpx.StreamClosed
        try:
            yield from self._connection.pieces()
        except (OSError, ValueError) as failure:
            raise _read_failure(failure) from failure

    def close(self) -> None:
        """Does nothing the second time: by then the connection may carry somebody else's answer."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if connection.can_be_kept():
            self._connections.give_back(connection, self._origin)
        else:
            connection.close()
