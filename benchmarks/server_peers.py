"""Runs a peer that is a server, and proves which of Bedrock's paths the server calls."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import upstream
from benchmarks.events import chat_body
from benchmarks.exchanges import HttpTarget
from benchmarks.shapes import STREAM, WHOLE
from benchmarks.stage import Stage
from benchmarks.warm import KILOBYTE

_PATIENCE_S = 120.0
_POLL_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPeer:
    """A server that listens on `address` (host:port).

    `path`, `key` and `headers` are those of a request to it; `asks` are the upstream's paths that it must call for an answer
    in one piece and for a stream.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    address: str
    path: str
    key: str
    asks: Sequence[str]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStart:
    """One start of a server: milliseconds from the process's start to its first answer, and the upstream's paths."""

    answer_ms: float
    asks: list[str]


@contextmanager
def running(peer: ServerPeer, stage: Stage) -> Iterator[tuple[HttpTarget, ServerStart]]:
    """Runs the server during the block. Raises RuntimeError if it does not start, or calls other paths than expected."""
    log = stage.folder / f"{peer.name}.log"
    upstream.asked_paths(stage.upstream)
    with log.open("wb") as output:
        began_s = time.monotonic()
        process = subprocess.Popen(peer.command, env=peer.env, cwd=stage.folder, stdout=output, stderr=output)
    try:
        with closing(_connected(peer, process, log)) as target:
            target.ask(chat_body(WHOLE, KILOBYTE))
            answer_ms = (time.monotonic() - began_s) * 1000
            target.ask(chat_body(STREAM, KILOBYTE))
            require_paths(peer, upstream.asked_paths(stage.upstream))
            yield target, ServerStart(answer_ms=answer_ms, asks=list(peer.asks))
    finally:
        process.kill()
        process.wait()


def require_paths(peer: ServerPeer, asked: Sequence[str]) -> None:
    """Raises RuntimeError unless these are the paths that the peer must call."""
    if list(asked) != list(peer.asks):
        raise RuntimeError(f"{peer.name} called {list(asked)} of the upstream, not {list(peer.asks)}")


def free_address() -> str:
    """A loopback address (host:port) on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


def _connected(peer: ServerPeer, process: subprocess.Popen[bytes], log: Path) -> HttpTarget:
    """The target, as soon as the server takes connections."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return HttpTarget(
                peer.name, peer.address, path=peer.path, key=peer.key, pid=process.pid, headers=peer.headers
            )
        except OSError:
            time.sleep(_POLL_S)
    raise RuntimeError(f"{peer.name} did not start:\n{log.read_text(errors='replace')[-2000:]}")
