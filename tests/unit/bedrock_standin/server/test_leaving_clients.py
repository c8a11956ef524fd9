"""Clients disconnect before or during their answer, over a real socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

PATH = "/openai/v1/chat/completions"

Eventually = Callable[[Callable[[], bool]], None]


def body(fault: dict[str, Any]) -> dict[str, Any]:
    messages = [{"role": "user", "content": "one two"}]
    return {"model": "openai.gpt-oss-20b-1:0", "messages": messages, "stream": True, "standin_fault": fault}


def counters(caller: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = caller.get("/_standin/counters").json()
    return found


@pytest.mark.parametrize(
    "fault", [{"endless": True}, {"events": 1_000_000}, {"silent_after_events": 1, "silent_s": 900}]
)
def test_a_stream_stops_when_its_client_leaves(
    caller: httpx.Client, eventually: Eventually, fault: dict[str, Any]
) -> None:
    with caller.stream("POST", PATH, json=body(fault)) as response:
        parts = response.iter_raw()  # kept: dropping it would close the connection
        assert b"data: " in next(parts)
        assert counters(caller)["streams_open"] == 1
    eventually(lambda: counters(caller)["in_flight"] == 0)
    assert (counters(caller)["streams_open"], counters(caller)["streams_abandoned"]) == (0, 1)


def test_others_are_answered_while_an_endless_stream_is_read(
    caller: httpx.Client, guarded: dict[str, str]
) -> None:
    with caller.stream("POST", PATH, json=body({"endless": True}), headers=guarded) as response:
        parts, received = response.iter_raw(), 0
        while received < 5_000:
            received += next(parts).count(b"data: ")
        assert counters(caller)["streams_open"] == 1
        assert caller.post(PATH, json=body({})).text.endswith("data: [DONE]\n\n")


def test_a_client_that_leaves_once_it_has_everything_abandons_nothing(caller: httpx.Client) -> None:
    for _ in range(20):
        with caller.stream("POST", PATH, json=body({})) as response:
            received = b""
            for part in response.iter_raw():
                received += part
                if b"[DONE]" in received:
                    break
    assert counters(caller)["streams_abandoned"] == 0


def test_a_stream_that_the_stand_in_cuts_is_not_abandoned(caller: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        caller.post(PATH, json=body({"cut_after_events": 2}))
    assert (counters(caller)["streams_open"], counters(caller)["streams_abandoned"]) == (0, 0)


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_before_its_answer_ends_the_wait_for_it(
    caller: httpx.Client, eventually: Eventually, stream: bool
) -> None:
    asked = body({"delay_s": 900}) | {"stream": stream}
    with pytest.raises(httpx.ReadTimeout):
        caller.post(PATH, json=asked, timeout=0.2)
    eventually(lambda: counters(caller)["in_flight"] == 0)
    assert (counters(caller)["requests_abandoned"], counters(caller)["by_status"]) == (1, {})


@pytest.mark.parametrize("stream", [False, True])
def test_answer_that_takes_too_long_to_generate(
    caller: httpx.Client, eventually: Eventually, stream: bool
) -> None:
    """A client that leaves while its answer is generated leaves a generation behind."""
    asked = body({"generating_s": 900}) | {"stream": stream}
    with pytest.raises(httpx.ReadTimeout):
        caller.post(PATH, json=asked, timeout=0.2)
    eventually(lambda: counters(caller)["in_flight"] == 0)
    assert (counters(caller)["generations"], counters(caller)["generations_abandoned"]) == (1, 1)
    (seen,) = caller.get("/_standin/requests").json()
    assert (seen["generated"], seen["status"], seen["request_id"]) == (True, None, None)


def test_a_client_that_waits_for_its_answer_abandons_nothing(caller: httpx.Client) -> None:
    for stream in (False, True):
        assert caller.post(PATH, json=body({}) | {"stream": stream}).is_success
    assert counters(caller)["requests_abandoned"] == 0
