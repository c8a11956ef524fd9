"""One request and its answer, timed from outside: through the Runtime API, or over HTTP to a server."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from benchmarks import events, functions
from benchmarks.functions import Function, Running
from benchmarks.managed_runtime import ManagedRuntime
from tests.runtime_api import Chunk, Request, RuntimeApiServer

_PATIENCE_S = 60.0
_PRELUDE_END = bytes(8)
# What the upstream puts into a paced event: when it sent it, time.monotonic_ns.
_STAMP = re.compile(rb" @([0-9]+)@")


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds from asking to the first byte of the body and to its end; of each stamped event, sending to arrival."""

    first_byte_s: float
    total_s: float
    event_delays_s: tuple[float, ...] = ()


class Target(Protocol):
    """Somewhere a chat completion can be asked for."""

    @property
    def name(self) -> str: ...

    @property
    def pid(self) -> int | None:
        """Of the process to account for, None where that is not what is measured."""

    def ask(self, body: bytes) -> Timing:
        """Asks, and returns once all of the answer has come. Raises AssertionError where it is no completion."""


class FunctionTarget:
    """A function under the Runtime API."""

    def __init__(self, running: Running) -> None:
        self.name, self.pid = running.function.name, running.process.pid
        self._api = running.api

    def ask(self, body: bytes) -> Timing:
        began_s, request = answered(self._api, _chat_event(body), within_s=_PATIENCE_S)
        content = request.body
        if b"choices" not in content or not request.complete:
            raise AssertionError(f"{self.name} answered {content[:300]!r}")
        chunks = request.chunks or [Chunk(request.content, request.ended_s)]
        first_s = next(chunk.at_s for chunk in chunks if not chunk.data.endswith(_PRELUDE_END))
        return Timing(first_s - began_s, request.ended_s - began_s, _delays(chunks))


def answered(api: RuntimeApiServer, event: bytes, *, within_s: float) -> tuple[float, Request]:
    """When the function got the event (time.monotonic), and its answer, once it waits for the next event.

    So what a function does after its answer never counts for the next one.
    """
    began_s = time.monotonic()
    request = api.invoke(body=event, remaining_s=within_s).answer(within_s)
    api.wait_for("GET /invocation/next")
    api.requests.clear()
    return began_s, request


class HttpTarget:
    """A server that is asked over one kept connection, with as little of a client as can be."""

    def __init__(self, name: str, address: str, *, path: str, key: str, pid: int | None = None) -> None:
        self.name, self.pid = name, pid
        host, port = address.split(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {key}\r\nContent-Length: "
        ).encode()

    def ask(self, body: bytes) -> Timing:
        began_s = time.monotonic()
        self._socket.sendall(self._head + b"%d\r\n\r\n" % len(body) + body)
        chunks = self._read()
        content = b"".join(chunk.data for chunk in chunks)
        if b"choices" not in content:
            raise AssertionError(f"{self.name} answered {content[:300]!r}")
        return Timing(chunks[0].at_s - began_s, chunks[-1].at_s - began_s, _delays(chunks))

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> list[Chunk]:
        """The body's bytes as they came; the coding of chunks is left in, since only arrivals matter."""
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


@contextmanager
def function_target(function: Function, runtime: ManagedRuntime) -> Iterator[FunctionTarget]:
    """The function, started, for as long as it is entered."""
    with RuntimeApiServer() as api, functions.running(function, api, runtime) as running:
        yield FunctionTarget(running)


@lru_cache(maxsize=4)
def _chat_event(body: bytes) -> bytes:
    return events.chat_event(body)


def _delays(chunks: list[Chunk]) -> tuple[float, ...]:
    return tuple(chunk.at_s - int(stamp) / 1e9 for chunk in chunks for stamp in _STAMP.findall(chunk.data))
