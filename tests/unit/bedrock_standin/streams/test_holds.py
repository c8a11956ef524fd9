"""Held streams, over a real socket: each event is sent only after a release."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

PATH = "/openai/v1/chat/completions"

Eventually = Callable[[Callable[[], bool]], None]


class HeldStream:
    """An open stream, read one event at a time."""

    def __init__(self, caller: httpx.Client, response: httpx.Response) -> None:
        self._caller = caller
        self._parts = response.iter_raw()
        self.response = response

    def next_event(self) -> bytes:
        """Releases one event and returns it: the stand-in writes each event by itself."""
        release(self._caller)
        return next(self._parts)

    def rest(self) -> bytes:
        return b"".join(self._parts)


@contextmanager
def held(caller: httpx.Client, headers: dict[str, str] | None = None, **fault: Any) -> Iterator[HeldStream]:
    """A stream of 6 events with [DONE], held as "h": role, 3 words, finish, [DONE]."""
    body = {
        "model": "openai.gpt-oss-20b-1:0",
        "messages": [{"role": "user", "content": "one two"}],
        "stream": True,
        "standin_fault": {"hold": "h"} | fault,
    }
    with caller.stream("POST", PATH, json=body, headers=headers) as response:
        yield HeldStream(caller, response)


def release(caller: httpx.Client, count: int = 1) -> None:
    answer = caller.post("/_standin/holds/h/release", params={"count": count})
    assert answer.status_code == 200


def state(caller: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = caller.get("/_standin/holds/h").json()
    return found


def counters(caller: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = caller.get("/_standin/counters").json()
    return found


@pytest.mark.parametrize("guarding", [False, True])
def test_headers_go_at_once_and_each_event_after_a_release(
    caller: httpx.Client, guarded: dict[str, str], eventually: Eventually, *, guarding: bool
) -> None:
    with held(caller, guarded if guarding else None) as stream:
        assert stream.response.status_code == 200
        eventually(lambda: state(caller) == {"sent": 0, "waiting": True})
        for number in range(1, 6):
            assert stream.next_event().count(b"data: ") == 1
            eventually(lambda sent=number: state(caller) == {"sent": sent, "waiting": True})  # type: ignore[misc]
        assert stream.next_event() == b"data: [DONE]\n\n"
        assert stream.rest() == b""
    assert state(caller) == {"sent": 6, "waiting": False}


def test_a_release_may_come_first_and_for_several(caller: httpx.Client, eventually: Eventually) -> None:
    release(caller, 4)
    with held(caller) as stream:
        eventually(lambda: state(caller) == {"sent": 4, "waiting": True})
        release(caller, 100)
        assert stream.rest().count(b"data: ") == 6


def test_a_hold_goes_with_an_outcome(caller: httpx.Client) -> None:
    with held(caller, error_event_after=1, line_ending="\r\n", comments=True) as stream:
        assert b'"role"' in stream.next_event()
        assert b'"error"' in stream.next_event()
        assert stream.rest() == b""


def test_a_held_endless_stream_sends_what_is_released(
    caller: httpx.Client, eventually: Eventually, guarded: dict[str, str]
) -> None:
    with held(caller, guarded, endless=True):
        release(caller, 200)
        eventually(lambda: state(caller) == {"sent": 200, "waiting": True})


def test_a_held_stream_ends_when_its_client_leaves(caller: httpx.Client, eventually: Eventually) -> None:
    with held(caller) as stream:
        stream.next_event()
        eventually(lambda: state(caller)["waiting"])
        assert (counters(caller)["streams_open"], counters(caller)["in_flight"]) == (1, 1)
    eventually(lambda: counters(caller)["in_flight"] == 0)
    assert (counters(caller)["streams_open"], counters(caller)["streams_abandoned"]) == (0, 1)
    assert state(caller) == {"sent": 1, "waiting": False}


def test_a_stream_that_left_takes_no_release_from_the_next(
    caller: httpx.Client, eventually: Eventually
) -> None:
    with held(caller):
        eventually(lambda: state(caller)["waiting"])
    eventually(lambda: counters(caller)["streams_open"] == 0)
    with held(caller) as stream:
        assert b'"role"' in stream.next_event()


def test_a_reset_forgets_holds_but_not_those_in_use(caller: httpx.Client, eventually: Eventually) -> None:
    with held(caller) as stream:
        stream.next_event()
        eventually(lambda: state(caller)["waiting"])
        caller.post("/_standin/counters/reset")
        assert b'"content"' in stream.next_event()
    eventually(lambda: counters(caller)["streams_abandoned"] == 1)
    caller.post("/_standin/counters/reset")
    assert counters(caller)["streams_abandoned"] == 0
    assert state(caller) == {"sent": 0, "waiting": False}


@pytest.mark.parametrize("count", ["0", "-1", "x", "", "1000001", "٣"])
def test_an_ill_formed_count_is_400(caller: httpx.Client, count: str) -> None:
    assert caller.post("/_standin/holds/h/release", params={"count": count}).status_code == 400
