"""A Lambda Runtime API over real sockets: it sends events and records the answers.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import itertools
import json
import queue
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tests.runtime_api.requests import Chunk, CutOffError, Request, RequestReader

_ROOT = "/2018-06-01/runtime"
_PATIENCE_S = 10.0
_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:tested"


class Invocation:
    """One event for the runtime, and the request that answers it."""

    def __init__(self, request_id: str, body: bytes, headers: dict[str, str], **faults: Any) -> None:
        self.request_id, self.body, self.headers = request_id, body, headers
        self.in_chunks: bool = faults.pop("in_chunks", False)  # how the event itself is sent
        self.abandon_after: int | None = faults.pop(
            "abandon_after", None
        )  # chunks, the prelude being the first
        self.pause_after: int | None = faults.pop(
            "pause_after", None
        )  # chunks; then nothing is read until resume()
        self.answer_status: int = faults.pop("answer_status", 202)
        if faults:
            raise TypeError(f"unknown: {', '.join(faults)}")
        self.arrivals_s: list[float] = []  # of its chunks, time.monotonic
        self._arrived: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._answered, self._resumed = threading.Event(), threading.Event()
        self._answer: Request | None = None

    def next_chunk(self, timeout_s: float = _PATIENCE_S) -> bytes | None:
        """Waits for the next chunk, in order of arrival; None at the end of the answer."""
        try:
            return self._arrived.get(timeout=timeout_s)
        except queue.Empty:
            raise AssertionError(f"no chunk within {timeout_s} s") from None

    def answer(self, timeout_s: float = _PATIENCE_S) -> Request:
        """The request with the answer, once it has arrived completely, was cut off or abandoned."""
        if not self._answered.wait(timeout_s) or self._answer is None:
            raise AssertionError(f"no answer within {timeout_s} s")
        return self._answer

    def resume(self) -> None:
        self._resumed.set()

    def arrived(self, chunk: Chunk) -> bool:
        self.arrivals_s.append(chunk.at_s)
        self._arrived.put(chunk.data)
        if len(self.arrivals_s) == self.pause_after and not self._resumed.wait(_PATIENCE_S):
            return False  # cut off, so that the test sees it
        return len(self.arrivals_s) != self.abandon_after

    def finished(self, request: Request) -> None:
        self._answer = request
        self._arrived.put(None)
        self._answered.set()


class RuntimeApiServer:
    """Listens on a free port of this machine while the block runs.

    `requests` are all requests, in the order in which their heads arrived. `record=False` keeps no bodies.
    """

    def __init__(self, *, record: bool = True, hold_restore: bool = False) -> None:
        self._record = record
        self.requests: list[Request] = []
        self._changed = threading.Condition()
        self._events: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self._invocations: dict[str, Invocation] = {}
        self._ids = itertools.count(1)
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._restored = threading.Event()
        if not hold_restore:
            self._restored.set()

    def __enter__(self) -> RuntimeApiServer:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def invoke(
        self,
        event: object = None,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        remaining_s: float = 60,
        **faults: Any,
    ) -> Invocation:
        """Queues an event (or the bytes `body`) for the next request for an event; `faults` as in Invocation."""
        request_id = f"request-{next(self._ids)}"
        own = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + remaining_s) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": _ARN,
        }
        content = json.dumps(event).encode() if body is None else body
        invocation = Invocation(request_id, content, {**own, **(headers or {})}, **faults)
        self._invocations[request_id] = invocation
        self._events.put(invocation)
        return invocation

    def restore(self) -> None:
        """Lets the request for the restore return, as if the snapshot had been taken and restored."""
        self._restored.set()

    def lines(self) -> list[str]:
        """`METHOD /path` of every request so far, without the version and the word runtime."""
        return [request.line.replace(_ROOT, "") for request in self.requests]

    def wait_for(self, line: str, timeout_s: float = _PATIENCE_S) -> Request:
        """The first request with that line (as in `lines`), once it has arrived completely."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._whole(line) is not None, timeout_s):
                raise AssertionError(f"no {line} within {timeout_s} s, but {self.lines()}")
            request = self._whole(line)
        assert request is not None
        return request

    def forget(self) -> None:
        """Drops the requests and the events so far, for tests with very many invocations."""
        self.requests.clear()
        self._invocations.clear()

    def close(self) -> None:
        """Stops: refuses connections, closes the open ones, waits for its threads."""
        self._listener.close()
        with suppress(OSError), socket.create_connection(("127.0.0.1", int(self.address.split(":")[1])), 1):
            pass
        self._restored.set()
        for connection in self._connections:
            self._events.put(None)
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_PATIENCE_S)

    def _whole(self, line: str) -> Request | None:
        path = line.replace(" ", f" {_ROOT}", 1)
        return next((request for request in self.requests if request.line == path and request.complete), None)

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread.start()
        self._threads.append(thread)

    def _accept(self) -> None:
        for number in itertools.count(1):
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections = [known for known in self._connections if known.fileno() >= 0]
            self._connections.append(connection)
            self._start(self._serve, connection, number)

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, connection.makefile("rb") as source:
            reader = RequestReader(source, number, record=self._record)
            with suppress(ConnectionError):
                while self._serve_one(connection, reader):
                    pass

    def _serve_one(self, connection: socket.socket, reader: RequestReader) -> bool:
        request = reader.head()
        if request is None:
            return False
        with self._changed:
            self.requests.append(request)
        invocation = self._invocation_of(request)
        with suppress(CutOffError, ConnectionError):
            reader.body(request, invocation.arrived if invocation else lambda _: True)
        with self._changed:
            self._changed.notify_all()
        if not request.complete:
            return self._abandon(connection, request, invocation)
        return self._answer(connection, request, invocation)

    def _answer(self, connection: socket.socket, request: Request, invocation: Invocation | None) -> bool:
        path = request.path.removeprefix(_ROOT)
        if path == "/invocation/next":
            return self._hand_out(connection)
        if path == "/restore/next":
            self._restored.wait(_PATIENCE_S)
            connection.sendall(_response(200, {}, b""))
            return True
        status = invocation.answer_status if invocation else 202
        connection.sendall(_response(status, {"Content-Type": "application/json"}, b'{"status":"OK"}\n'))
        if invocation:
            invocation.finished(request)
        return True

    def _hand_out(self, connection: socket.socket) -> bool:
        invocation = self._events.get()
        if invocation is None:
            return False
        if invocation.in_chunks:
            connection.sendall(_chunked_response(invocation.headers, invocation.body))
        else:
            connection.sendall(_response(200, invocation.headers, invocation.body))
        return True

    def _abandon(self, connection: socket.socket, request: Request, invocation: Invocation | None) -> bool:
        # A reset, not an orderly end: what the runtime has still on the way must fail.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if invocation:
            invocation.finished(request)
        return False

    def _invocation_of(self, request: Request) -> Invocation | None:
        parts = request.path.removeprefix(_ROOT).split("/")
        return self._invocations.get(parts[2]) if len(parts) == 4 else None


def _response(status: int, headers: dict[str, str], body: bytes) -> bytes:
    fields = {**headers, "Content-Length": str(len(body))}
    return _head(status, fields) + body


def _chunked_response(headers: dict[str, str], body: bytes) -> bytes:
    """The body in pieces of 1 KB, as Go's server sends a body longer than its buffer."""
    pieces = [body[start : start + 1024] for start in range(0, len(body), 1024)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return _head(200, {**headers, "Transfer-Encoding": "chunked"}) + chunks + b"0\r\n\r\n"


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Status", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode()
