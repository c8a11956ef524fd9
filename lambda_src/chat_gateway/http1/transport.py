"""An httpx transport over HTTP/1.1 with only the features that the request path needs.

httpx's own transport (httpcore, h11, anyio) adds 20 ms to a cold start and 0.3 ms to each request:
docs/performance/optimisations.md.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import httpx

from chat_gateway.http1 import connect as http_connect
from chat_gateway.http1.connect import Origin
from chat_gateway.http1.connection import LONGEST_PAUSE_S, HttpConnection
from chat_gateway.http1.head import Head

# While Lambda has frozen the process, a connection may be closed unnoticed.
_KEPT_FOR_S = 20.0
_DEFAULT_PORTS = {"http": 80, "https": 443}
# For a socket, a timeout of 0 means non-blocking.
_SHORTEST_PAUSE_S = 0.001

# Scheme, host and port; the port is None if it is the scheme's default.
_OriginKey = tuple[str, bytes, int | None]
# A request's body in pieces, and whether the request asks to close the connection.
_Framed = tuple[Iterable[bytes], bool]


class Answer(NamedTuple):
    """An answer whose body is still to be read from `stream`, which must be closed.

    `end_by` sets a new deadline (on time.monotonic()), and the longest pause in seconds; None if the transport cannot.
    """

    status: int
    fields: list[tuple[bytes, bytes]]
    stream: httpx.SyncByteStream | httpx.AsyncByteStream
    end_by: Callable[..., None] | None


class KeptConnections(httpx.BaseTransport):
    """Sends requests over pooled connections, one request at a time on each. Threads may share it.

    Supported request extensions:

    `timeout`, which httpx's client sets: `connect`, `write` (of 64 kB) and `read` (each wait for bytes), in seconds or None.
    `pool` has no effect: a request that finds no idle connection opens a new one.
    `first_byte` in `timeout` (ours): seconds from now until the answer's head must be complete; `read` is then for the body.
    `deadline` (ours): the time on time.monotonic() at which the whole exchange ends.
    `content` (ours): the whole body, in place of the request's stream. The header fields are sent without a check.

    A response has the extension `end_by`, a function that sets a new deadline, and the longest pause in seconds.
    """

    def __init__(self, *, max_idle: int = 20) -> None:
        self._max_idle = max_idle
        self._idle: list[tuple[_OriginKey, HttpConnection, float]] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The response, whose body is still to be read.

        Raises subclasses of httpx.TransportError; LocalProtocolError if HTTP/1.1 cannot carry the request.
        """
        status, fields, stream, end_by = self.exchange(request)
        return httpx.Response(status, headers=fields, stream=stream, extensions={"end_by": end_by})

    def exchange(self, request: httpx.Request) -> Answer:
        """The same without an httpx.Response, which takes as long to make as the answer's head to read."""
        head = _request_head(request)
        framed = None if "content" in request.extensions else _framed(request)
        times, origin = _Times(request.extensions), _origin_key(request.url)
        connection = self._take(origin) or self._connect(request, times.connect_by())
        try:
            answered = _exchange(connection, request, head, framed, times)
        except BaseException:
            connection.close()
            raise
        connection.end_by(times.ends_at, pause_s=times.read_s)
        stream = _Stream(connection, origin, self)
        return Answer(answered.status, answered.fields, stream, stream.end_by)

    def give_back(self, connection: HttpConnection, origin: _OriginKey) -> None:
        """Keeps a connection whose answer was read completely. Closes the oldest idle one if there are too many."""
        with self._lock:
            self._idle.append((origin, connection, time.monotonic()))
            if len(self._idle) <= self._max_idle and not self._is_closed:
                return
            superfluous = self._idle.pop(0)[1]
        superfluous.close()

    def close(self) -> None:
        """Closes the idle connections. A connection in use is closed with its response."""
        with self._lock:
            self._is_closed = True
            while self._idle:
                self._idle.pop()[1].close()

    def _take(self, origin: _OriginKey) -> HttpConnection | None:
        """The connection to that origin that was used last and is still open, if any."""
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
            raise httpx.ConnectTimeout("no connection in time", request=request) from failure
        except OSError as failure:
            raise httpx.ConnectError(_cause(failure), request=request) from failure


class _Times:
    """The time limits of an exchange: deadlines on time.monotonic(), and pauses in seconds."""

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
        """The deadline for connecting, if it begins now."""
        return min(time.monotonic() + _pause_s(self._connect_s), self.ends_at)


def _pause_s(timeout_s: float | None) -> float:
    """One of httpx's timeouts as a timeout that a socket accepts."""
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
    # RFC 9112, 11.1: a value with a line break could inject a field or a request.
    if not head.count(b"\r") == head.count(b"\n") == len(lines) - 1:
        raise httpx.LocalProtocolError("a header field with a line break", request=request)
    return head


def _framed(request: httpx.Request) -> _Framed:
    from chat_gateway.http1 import framing  # for requests from httpx's client only

    return framing.body(request), framing.is_last(request)


def _exchange(
    connection: HttpConnection, request: httpx.Request, head: bytes, framed: _Framed | None, times: _Times
) -> Head:
    """The answer's head. Exceptions from the request's body, which is the caller's, are passed on."""
    pieces, is_last = framed or ((), False)
    refusal = _send(connection, request, head, request.extensions.get("content", b""), times)
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
        raise httpx.WriteTimeout("request not sent in time", request=request) from failure
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
        return httpx.ReadTimeout("no bytes in time", request=request)
    if isinstance(failure, OSError):
        return httpx.ReadError(_cause(failure), request=request)
    return httpx.RemoteProtocolError(str(failure), request=request)


class _Stream(httpx.SyncByteStream):
    """An answer's body as it arrives. The connection is kept once the whole body has been read.

    It does not hold the request, whose content may be large. httpx's client adds the request to exceptions.
    """

    def __init__(self, connection: HttpConnection, origin: _OriginKey, connections: KeptConnections) -> None:
        self._connection: HttpConnection | None = connection
        self._origin, self._connections = origin, connections

    def end_by(self, ends_at: float, *, pause_s: float = LONGEST_PAUSE_S) -> None:
        """Sets a new deadline for reading: `ends_at` (on time.monotonic()), or `pause_s` without a byte."""
        if self._connection is not None:
            self._connection.end_by(ends_at, pause_s=pause_s)

    def __iter__(self) -> Iterator[bytes]:
        if self._connection is None:
            raise httpx.StreamClosed
        try:
            yield from self._connection.pieces()
        except (OSError, ValueError) as failure:
            raise _read_failure(failure) from failure

    def close(self) -> None:
        """Releases the connection. A second call does nothing: another request may use the connection by then."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if connection.can_be_kept():
            self._connections.give_back(connection, self._origin)
        else:
            connection.close()
