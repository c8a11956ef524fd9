"""The stand-in hangs up, over a real socket: the HTTP client's view."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

PATH = "/openai/v1/chat/completions"


def body(fault: dict[str, Any], *, stream: bool = False) -> dict[str, Any]:
    messages = [{"role": "user", "content": "one two three four"}]
    return {"model": "openai.gpt-oss-20b-1:0", "messages": messages, "stream": stream, "standin_fault": fault}


@pytest.mark.parametrize("drop", ["before_generating", "after_generating"])
def test_a_dropped_connection_answers_nothing(caller: httpx.Client, drop: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        caller.post(PATH, json=body({"drop": drop}))
    assert caller.get("/_standin/requests").json()[0]["status"] is None


def test_a_cut_stream_ends_after_so_many_events_without_done(caller: httpx.Client) -> None:
    received: list[bytes] = []
    with (
        caller.stream("POST", PATH, json=body({"cut_after_events": 3}, stream=True)) as response,
        pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"),
    ):
        received.extend(response.iter_bytes())
    assert b"".join(received).count(b"data: ") == 3
    assert b"[DONE]" not in b"".join(received)


def test_other_connections_survive_a_drop(caller: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        caller.post(PATH, json=body({"drop": "before_generating"}))
    assert caller.post(PATH, json=body({})).status_code == 200
    assert caller.get("/_standin/counters").json()["in_flight"] == 0
