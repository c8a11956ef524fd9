"""Times one request and its answer from outside: through the Runtime API, or over HTTP to a server."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

from benchmarks import events, functions
from benchmarks.functions import Function, Running
from benchmarks.managed_runtime import ManagedRuntime
from tests.runtime_api import Chunk, Request, RuntimeApiServer

_PATIENCE_S = 60.0
PRELUDE_END = bytes(8)
# The upstream's stamp in a paced event: the time of sending, from time.monotonic_ns.
_STAMP = re.compile(rb" @([0-9]+)@")


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds from the request to the body's first byte and to its end, and from sending to arrival of stamped events."""

    first_byte_s: float
    total_s: float
    event_delays_s: tuple[float, ...] = ()


class Target(Protocol):
    """A function or server that answers chat completions."""

    @property
    def name(self) -> str: ...

    @property
    def pid(self) -> int | None:
        """The id of the process whose CPU time and memory count; None if they are not measured."""

    def ask(self, body: bytes) -> Timing:
        """Sends the request and reads the whole answer. Raises AssertionError if the answer is not a completion."""


class FunctionTarget:
    """A function under the Runtime API. `policy` is that of the client that asks."""

    def __init__(self, running: Running, *, policy: str = events.NO_LIMITS) -> None:
        self.name, self.pid = running.function.name, running.process.pid
        self._api, self._policy = running.api, policy

    def ask(self, body: bytes) -> Timing:
        return self.exchange(body)[0]

    def exchange(self, body: bytes) -> tuple[Timing, bytes]:
        """Like `ask`, and also returns the answer: its prelude, eight zero bytes, and its body."""
        began_s, request = answered(self._api, _chat_event(body, self._policy), within_s=_PATIENCE_S)
        content = request.body
        if b"choices" not in content or not request.complete:
            raise AssertionError(f"{self.name} answered {content[:300]!r}")
        chunks = request.chunks or [Chunk(request.content, request.ended_s)]
        first_s = next(chunk.at_s for chunk in chunks if not chunk.data.endswith(PRELUDE_END))
        return Timing(first_s - began_s, request.ended_s - began_s, _delays(chunks)), content


def answered(api: RuntimeApiServer, event: bytes, *, within_s: float) -> tuple[float, Request]:
    """The time at which the function got the event (time.monotonic), and its answer.

    Returns when the function waits for the next event, so that its work after an answer does not delay the next one.
    """
    began_s = time.monotonic()
    request = api.invoke(body=event, remaining_s=within_s).answer(within_s)
    wait_until_idle(api)
    return began_s, request


def wait_until_idle(api: RuntimeApiServer) -> None:
    """Waits until the function asks for an event, for the first time since the last call."""
    api.wait_for("GET /invocation/next", _PATIENCE_S)
    api.requests.clear()


class HttpTarget:
    """A server that is called over one keep-alive connection, with a minimal client.

    If the server has closed the idle connection, the client connects again before the next request, which is not timed.
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        path: str,
        key: str,
        pid: int | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.name, self.pid = name, pid
        lines = "".join(f"{field}: {value}\r\n" for field, value in headers.items())
        self._address = address
        self._socket = _connection(address)
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n{lines}"
            f"Authorization: Bearer {key}\r\nContent-Length: "
        ).encode()

    def ask(self, body: bytes) -> Timing:
        if self.is_closed:
            self._socket.close()
            self._socket = _connection(self._address)
        began_s = time.monotonic()
        self._socket.sendall(self._head + b"%d\r\n\r\n" % len(body) + body)
        chunks = self._read()
        content = b"".join(chunk.data for chunk in chunks)
        if b"choices" not in content:
            raise AssertionError(f"{self.name} answered {content[:300]!r}")
        return Timing(chunks[0].at_s - began_s, chunks[-1].at_s - began_s, _delays(chunks))

    def close(self) -> None:
        self._socket.close()

    @property
    def is_closed(self) -> bool:
        """Whether the server has closed the idle connection."""
        try:
            return not self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True

    def _read(self) -> list[Chunk]:
        """The body's bytes with their arrival times. The chunked coding stays, because only the times matter."""
        head, _, rest = self._receive_until(b"\r\n\r\n").partition(b"\r\n\r\n")
        chunks = [Chunk(rest, time.monotonic())] if rest else []
        length = re.search(rb"(?i)content-length: *([0-9]+)", head)
        ends_at = None if length is None else int(length.group(1))
        size, tail = len(rest), rest
        while size < ends_at if ends_at is not None else not tail.endswith(b"0\r\n\r\n"):
            data = self._socket.recv(1 << 18)
            if not data:
                raise AssertionError(f"{self.name} closed its connection")
            chunks.append(Chunk(data, time.monotonic()))
            size, tail = size + len(data), (tail + data)[-5:]
        return chunks

    def _receive_until(self, end: bytes) -> bytes:
        data = b""
        while end not in data:
            piece = self._socket.recv(1 << 18)
            if not piece:
                raise AssertionError(f"{self.name} closed its connection")
            data += piece
        return data


def _connection(address: str) -> socket.socket:
    host, port = address.split(":")
    connection = socket.create_connection((host, int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


@contextmanager
def function_target(
    function: Function,
    runtime: ManagedRuntime,
    *,
    policy: str = events.NO_LIMITS,
    after_init: Callable[[int], None] = functions.go_on,
) -> Iterator[FunctionTarget]:
    """Runs the function during the block. `policy` is that of the client that asks.

    `after_init` gets the process's id when the function waits for its first event.
    """
    with RuntimeApiServer() as api, functions.running(function, api, runtime) as running:
        wait_until_idle(api)
        after_init(running.process.pid)
        yield FunctionTarget(running, policy=policy)


@lru_cache(maxsize=4)
def _chat_event(body: bytes, policy: str) -> bytes:
    return events.chat_event(body, policy)


def _delays(chunks: list[Chunk]) -> tuple[float, ...]:
    return tuple(chunk.at_s - int(stamp) / 1e9 for chunk in chunks for stamp in _STAMP.findall(chunk.data))
