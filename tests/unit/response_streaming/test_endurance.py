"""Many streams in one process, and one long stream, leave nothing behind."""

from __future__ import annotations

import json

from tests.runtime_api import RuntimeApiServer, streaming_runtime
from tests.unit.response_streaming.conftest import FUNCTIONS


def in_use(api: RuntimeApiServer) -> dict[str, int]:
    measured: dict[str, int] = json.loads(api.invoke({"measure": True}).answer().content)
    return measured


def stream_some(api: RuntimeApiServer, count: int) -> None:
    """Streams of 50 items, one in twenty failing half-way, one in twenty abandoned by the reader."""
    for number in range(count):
        invocation = api.invoke(
            {"items": 50, "fail": number % 20 == 0}, abandon_after=20 if number % 20 == 10 else None
        )
        assert invocation.answer().complete == (number % 20 != 10)


def test_a_thousand_streams_leave_no_memory_threads_or_files_behind() -> None:
    with (
        RuntimeApiServer() as api,
        streaming_runtime(api, task_root=FUNCTIONS, handler="streams.enduring"),
    ):
        in_use(api)
        stream_some(api, 40)
        before = in_use(api)
        stream_some(api, 1000)
        after = in_use(api)
    assert after["bytes"] - before["bytes"] < 20_000
    assert (after["threads"], after["files"]) == (before["threads"], before["files"])


def test_long_stream_takes_no_more_memory() -> None:
    """A stream of 100,000 items takes no more memory than a stream of 1,000 items."""
    with (
        RuntimeApiServer(record=False) as api,
        streaming_runtime(api, task_root=FUNCTIONS, handler="streams.growth"),
    ):
        invocation = api.invoke({"items": 100_000})
        chunks = 0
        last = b""
        while (chunk := invocation.next_chunk()) is not None:
            chunks, last = chunks + 1, chunk
    assert chunks == 100_002
    assert int(last) < 20_000
