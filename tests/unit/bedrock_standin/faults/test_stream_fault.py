"""Streams that end early, fail, are long, or have another format."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.unit.bedrock_standin.conftest import Ask

DONE = "data: [DONE]"


def events(ask: Ask, fault: dict[str, Any], **changes: Any) -> list[str]:
    """The stream's events as text; "a b c" makes 7 of them with [DONE]: role, 4 words, finish, [DONE]."""
    response = ask("a b c", stream=True, standin_fault=fault, **changes)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    *received, rest = response.text.split("\n\n")
    assert rest == ""
    return received


def content(received: list[str]) -> list[str]:
    chunks = [json.loads(event.removeprefix("data: ")) for event in received if event != DONE]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    return [delta["content"] for delta in deltas if delta.get("content")]


@pytest.mark.parametrize("guarding", [False, True])
def test_an_error_event_first_is_all_there_is(ask: Ask, guarded: dict[str, str], *, guarding: bool) -> None:
    error = {"message": "Slow down.", "type": "rate_limit_error", "code": "rate_limit_exceeded"}
    received = events(ask, {"error_event_first": error}, headers=guarded if guarding else {})
    assert received == [f"data: {json.dumps({'error': error}, separators=(',', ':'))}"]


@pytest.mark.parametrize(("after", "before"), [(0, 0), (3, 3), (99, 6)])
def test_an_error_event_ends_the_stream_without_done(ask: Ask, after: int, before: int) -> None:
    *ordinary, last = events(ask, {"error_event_after": after})
    assert len(ordinary) == before
    assert content(ordinary) == ["echo:", " a", " b", " c"][: max(before - 1, 0)]
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "internal_server_error"


@pytest.mark.parametrize("after", [0, 3])
def test_ordinary_events_go_on_after_garbage(ask: Ask, after: int) -> None:
    received = events(ask, {"garbage_after_events": after})
    assert received.pop(after) == "data: {not json"
    assert content(received) == ["echo:", " a", " b", " c"]
    assert received[-1] == DONE


def test_a_silent_stream_goes_on_after_its_silence(ask: Ask) -> None:
    started = time.monotonic()
    received = events(ask, {"silent_after_events": 2, "silent_s": 0.2})
    assert time.monotonic() - started >= 0.2
    assert (len(received), received[-1]) == (7, DONE)


@pytest.mark.parametrize("guarding", [False, True])
def test_without_done_only_done_is_missing(ask: Ask, guarded: dict[str, str], *, guarding: bool) -> None:
    received = events(ask, {"without_done": True}, headers=guarded if guarding else {})
    assert len(received) == 6
    assert DONE not in received


@pytest.mark.parametrize("guarding", [False, True])
@pytest.mark.parametrize(("after", "ends"), [(0, False), (3, False), (6, True), (99, True)])
def test_a_stream_may_simply_end(
    ask: Ask, guarded: dict[str, str], after: int, *, ends: bool, guarding: bool
) -> None:
    """The body ends cleanly after a given number of events, before [DONE]."""
    received = events(ask, {"end_after_events": after}, headers=guarded if guarding else {})
    assert len(received) == min(after, 6)
    assert DONE not in received
    assert any('"finish_reason":"stop"' in event for event in received) == ends


@pytest.mark.parametrize("ending", ["\n", "\r", "\r\n"])
def test_a_line_ending_changes_nothing_else(ask: Ask, ending: str) -> None:
    response = ask("a b c", stream=True, standin_fault={"line_ending": ending, "without_done": True})
    assert response.content.endswith(f"{ending}{ending}".encode())
    received = response.content.decode().replace(ending, "\n").split("\n\n")
    assert content(received[:-1]) == ["echo:", " a", " b", " c"]


def test_comments_stand_between_events_and_inside_them(ask: Ask) -> None:
    received = events(ask, {"comments": True})
    assert received[0::2] == [": comment"] * 7
    assert {event.splitlines()[0] for event in received[1::2]} == {": comment"}
    assert content([event.splitlines()[1] for event in received[1::2]]) == ["echo:", " a", " b", " c"]


@pytest.mark.parametrize("guarding", [False, True])
@pytest.mark.parametrize("count", [0, 1, 64, 1000])
def test_events_are_exactly_so_many_numbered_words(
    ask: Ask, guarded: dict[str, str], count: int, *, guarding: bool
) -> None:
    headers = guarded if guarding else {}
    received = events(ask, {"events": count}, headers=headers, stream_options={"include_usage": True})
    assert content(received) == [f" {number}" for number in range(count)]
    assert json.loads(received[-2].removeprefix("data: "))["usage"]["completion_tokens"] == count
    assert received[-1] == DONE


def test_fast_words_look_like_any_other_events(ask: Ask, guarded: dict[str, str]) -> None:
    def shapes(headers: dict[str, str]) -> list[Any]:
        received = events(ask, {"events": 3, "without_done": True}, headers=headers)
        chunks = [json.loads(event.removeprefix("data: ")) for event in received]
        varying = ("id", "created", "amazon-bedrock-guardrailAction", "amazon-bedrock-trace")
        return [{key: value for key, value in chunk.items() if key not in varying} for chunk in chunks]

    assert shapes({}) == shapes(guarded)


def test_an_outcome_may_fall_inside_a_long_stream(ask: Ask) -> None:
    received = events(ask, {"events": 500, "garbage_after_events": 301})
    assert received.index("data: {not json") == 301
    assert content([event for event in received if event != "data: {not json"])[-1] == " 499"


def test_a_blocked_input_is_no_long_stream(ask: Ask, guarded: dict[str, str]) -> None:
    for fault in ({"events": 500}, {"endless": True}):
        response = ask("forbidden", stream=True, headers=guarded, standin_fault=fault)
        assert "INPUT" in response.text
        assert response.text.endswith(f"{DONE}\n\n")


def test_a_finished_stream_is_neither_open_nor_abandoned(ask: Ask, client: TestClient) -> None:
    events(ask, {"events": 10})
    counters = client.get("/_standin/counters").json()
    assert (counters["streams_open"], counters["streams_abandoned"]) == (0, 0)


ERROR = {"message": "m", "type": "t", "code": "c"}
EVERY_KEY: list[dict[str, Any]] = [
    {"cut_after_events": 1},
    {"error_event_first": ERROR},
    {"error_event_after": 0},
    {"garbage_after_events": 1},
    {"silent_after_events": 1, "silent_s": 0},
    {"endless": True},
    {"without_done": True},
    {"end_after_events": 1},
    {"hold": "a"},
    {"events": 1},
    {"line_ending": "\r"},
    {"comments": True},
]


@pytest.mark.parametrize("fault", EVERY_KEY)
def test_a_stream_fault_needs_a_stream(ask: Ask, fault: dict[str, Any]) -> None:
    for refused in (ask(standin_fault=fault), ask(stream=True, standin_fault=fault | {"status": 500})):
        assert refused.status_code == 400
        assert "standin_fault" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    "fault",
    [
        {"error_event_first": "no"},
        {"error_event_first": {"type": "t"}},
        {"error_event_first": ERROR, "error_event_after": 1},
        {"garbage_after_events": 1, "cut_after_events": 1},
        {"endless": True, "without_done": True},
        {"endless": True, "events": 5},
        {"silent_after_events": 1},
        {"silent_s": 1},
        {"events": -1},
        {"events": 1_000_001},
        {"hold": ""},
        {"hold": "a/b"},
        {"line_ending": "\n\n"},
        {"error_event_after": True},
    ],
)
def test_an_ill_formed_stream_fault_is_400(ask: Ask, fault: dict[str, Any]) -> None:
    assert ask(stream=True, standin_fault=fault).status_code == 400
