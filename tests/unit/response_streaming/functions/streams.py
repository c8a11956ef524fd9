"""Handlers that stream, for the real bootstrap."""

from __future__ import annotations

import gc
import os
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from response_streaming import StreamError, StreamingResponse


def _response(body: Iterator[bytes], status: int = 200) -> StreamingResponse:
    return StreamingResponse(status_code=status, headers={"content-type": "text/plain"}, body=body, hold_s=5)


def paced(event: dict[str, Any], context: Any) -> StreamingResponse:
    """Items that the test hands over one by one, through the named pipe `event["pipe"]`."""

    def body() -> Iterator[bytes]:
        with Path(event["pipe"]).open("rb", buffering=0) as pipe:
            while item := pipe.read(100):
                yield item

    return _response(body())


def enduring(event: dict[str, Any], context: Any) -> Any:
    """`{"items": n}` streams n items, `{"fail": true}` fails half-way; `{"measure": true}` returns the resources in use."""
    if event.get("measure"):
        return measured()
    return _response(_items(event["items"], fail=event.get("fail", False)))


def growth(event: dict[str, Any], context: Any) -> StreamingResponse:
    """A stream of `event["items"]` items; the last one is the growth of memory in bytes."""

    def body() -> Iterator[bytes]:
        yield from _items(1000)
        before = measured()["bytes"]
        yield from _items(event["items"] - 1000)
        yield str(measured()["bytes"] - before).encode()

    return _response(body())


def measured() -> dict[str, int]:
    """Allocated bytes (from the second call on), threads and open files of this process."""
    if not tracemalloc.is_tracing():
        tracemalloc.start()
    gc.collect()
    return {
        "bytes": tracemalloc.get_traced_memory()[0],
        "threads": threading.active_count(),
        "files": len(os.listdir("/dev/fd")),  # noqa: PTH208
    }


def _items(count: int, *, fail: bool = False) -> Iterator[bytes]:
    for number in range(count):
        if fail and number == count // 2:
            raise StreamError("Function.Cut", response=_response(iter([b"no"]), 503), last_chunk=b"cut")
        yield b"data: {}\n\n" * 20
