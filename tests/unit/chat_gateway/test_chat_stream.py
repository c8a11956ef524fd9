"""What of Bedrock's stream reaches the caller, and what it tells us."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.chat_stream import ChatStream
from chat_gateway.errors import GatewayError, UpstreamConnectionError, UpstreamError, UpstreamProtocolError

DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}


def chunk(**fields: Any) -> bytes:
    return b"data: " + json.dumps({"id": "chatcmpl-1", "choices": [], **fields}).encode() + b"\n\n"


def words(text: str) -> bytes:
    return chunk(choices=[{"index": 0, "delta": {"content": text}}])


ROLE = chunk(choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}}])
USAGE_CHUNK = chunk(usage=USAGE)


def stream_of(*pieces: bytes, hide_usage: bool = False) -> ChatStream:
    clock = itertools.count(100)
    return ChatStream(pieces, bedrock_request_id="r", hide_usage=hide_usage, clock=lambda: float(next(clock)))


def relayed(stream: ChatStream) -> tuple[bytes, GatewayError | None]:
    """All that reached the caller, and the error that ended it."""
    out: list[bytes] = []
    try:
        out.extend(stream.relay())
    except GatewayError as error:
        return b"".join(out), error
    return b"".join(out), None


def test_each_event_is_passed_on_as_it_was_when_it_comes() -> None:
    taken: list[str] = []

    def upstream() -> Iterator[bytes]:
        for name, piece in (("role", ROLE), ("hello", words("hello")), ("done", DONE)):
            taken.append(name)
            yield piece

    stream = ChatStream(upstream(), bedrock_request_id=None, hide_usage=False)
    relay = stream.relay()
    assert (next(relay), taken) == (ROLE, ["role"])
    assert (next(relay), taken) == (words("hello"), ["role", "hello"])
    assert list(relay) == [DONE]


@given(st.lists(st.integers(0, 1000)))
def test_however_the_bytes_arrive_the_caller_gets_the_same(cuts: list[int]) -> None:
    whole = b": comment\n\n" + ROLE + words("é🦉") + USAGE_CHUNK + DONE
    marks = sorted({0, len(whole), *(cut % len(whole) for cut in cuts)})
    pieces = [whole[begin:end] for begin, end in itertools.pairwise(marks)]
    stream = stream_of(*pieces, hide_usage=True)
    assert relayed(stream) == (whole.replace(USAGE_CHUNK, b"").replace(b": comment", b":"), None)
    assert (stream.usage, stream.events) == (USAGE, 3)


def test_events_that_came_together_go_on_together() -> None:
    together = ROLE + words("hello") + words("world")
    assert list(stream_of(together, words("again") + DONE).relay()) == [together, words("again") + DONE]


def test_a_usage_chunk_the_caller_asked_for_is_passed_on() -> None:
    stream = stream_of(ROLE, USAGE_CHUNK, DONE)
    assert relayed(stream) == (ROLE + USAGE_CHUNK + DONE, None)
    assert stream.usage == USAGE


def test_usage_beside_words_is_counted_and_never_hidden() -> None:
    piece = chunk(choices=[{"index": 0, "delta": {"content": "hi"}}], usage=USAGE)
    stream = stream_of(piece, DONE, hide_usage=True)
    assert relayed(stream) == (piece + DONE, None)
    assert stream.usage == USAGE


def test_the_first_token_is_the_first_word_not_the_role() -> None:
    stream = stream_of(ROLE, words("hello"), words("again"), DONE)
    assert [stream.first_token_at for _ in stream.relay()] == [None, 100.0, 100.0, 100.0]


@pytest.mark.parametrize(
    "delta",
    [{"tool_calls": [{"index": 0}]}, {"reasoning_content": "hm"}, {"refusal": "no"}, {"content": "a"}],
)
def test_a_tool_call_and_reasoning_are_tokens_too(delta: dict[str, Any]) -> None:
    stream = stream_of(chunk(choices=[{"index": 0, "delta": delta}]), DONE)
    relayed(stream)
    assert stream.first_token_at is not None


@pytest.mark.parametrize(
    ("piece", "action"),
    [
        (words("hello"), None),
        (chunk(id="bedrock-guardrails-1"), "INTERVENED"),
        (chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "content_filter"}]), "INTERVENED"),
        (chunk(**{"amazon-bedrock-guardrailAction": "NONE"}), "NONE"),
    ],
)
def test_an_intervention_is_noticed_in_any_event(piece: bytes, action: str | None) -> None:
    stream = stream_of(piece, words("more"), DONE)
    relayed(stream)
    assert stream.guardrail_outcome.action == action


def test_a_block_streams_in_its_one_shape_and_without_its_trace() -> None:
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    first = chunk(id="bedrock-guardrails-1", choices=[{"index": 0, "delta": {"content": "blocked"}}])
    last = chunk(
        id="bedrock-guardrails-1", choices=[end], **{"amazon-bedrock-trace": {"guardrail": {"match": "x"}}}
    )
    stream = ChatStream([first, last, DONE], bedrock_request_id=None, hide_usage=False, keep_trace=False)
    out, error = relayed(stream)
    assert error is None
    assert out.startswith(first)
    sent = json.loads(out.split(b"\n\n")[1].removeprefix(b"data: "))
    assert sent["choices"] == [{**end, "finish_reason": "content_filter"}]
    assert "amazon-bedrock-trace" not in sent


def test_half_a_surrogate_pair_in_an_event_that_is_rewritten_does_not_end_the_stream() -> None:
    piece = chunk(choices=[{"index": 0, "delta": {"content": "\ud83d"}}], **{"amazon-bedrock-trace": {}})
    stream = ChatStream([piece, DONE], bedrock_request_id=None, hide_usage=False, keep_trace=False)
    out, error = relayed(stream)
    assert error is None
    assert b"\\ud83d" in out


def test_a_trace_that_was_asked_for_is_passed_on_even_where_it_rides_on_the_usage_we_keep_back() -> None:
    last = chunk(usage=USAGE, **{"amazon-bedrock-trace": {"guardrail": {}}})
    stream = stream_of(words("hi"), last, DONE, hide_usage=True)
    out, _ = relayed(stream)
    assert b"amazon-bedrock-trace" in out
    assert b"usage" not in out
    assert stream.usage == USAGE


def test_no_event_without_choices_reaches_a_caller_who_did_not_ask_for_usage() -> None:
    last = chunk(usage=USAGE, **{"amazon-bedrock-guardrailAction": "NONE"})
    stream = stream_of(words("hi"), last, DONE, hide_usage=True)
    assert relayed(stream) == (words("hi") + DONE, None)
    assert stream.guardrail_outcome.action == "NONE"


def test_that_a_stream_was_masked_is_told_in_an_event_that_surprises_nobody() -> None:
    told = {"amazon-bedrock-guardrailAction": "INTERVENED"}
    traced = {**told, "amazon-bedrock-trace": {"guardrail": {}}}
    pieces = (words("hi"), chunk(usage=USAGE, **traced), DONE)
    stream = ChatStream(pieces, bedrock_request_id="r", hide_usage=True, keep_trace=False)
    empty = {"index": 0, "delta": {}, "finish_reason": None}
    assert relayed(stream) == (words("hi") + chunk(choices=[empty], **told) + DONE, None)
    assert stream.guardrail_outcome.action == "MASKED"


def test_a_stream_cut_before_done_is_an_error_never_an_ordinary_end() -> None:
    out, error = relayed(stream_of(ROLE, words("hello"), b"data: {unfinished"))
    assert out == ROLE + words("hello")
    assert isinstance(error, UpstreamConnectionError)
    assert error.bedrock_request_id == "r"


@pytest.mark.parametrize("data", [b"{not json", b"[]", b'"text"', b"null", b"\xff\xfe", b"[" * 100_000])
def test_garbage_is_a_protocol_error_after_what_came_before_it(data: bytes) -> None:
    out, error = relayed(stream_of(ROLE + b"data: " + data + b"\n\n" + words("never")))
    assert out == ROLE
    assert isinstance(error, UpstreamProtocolError)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        ({"message": "slow down", "type": "rate_limit_error"}, 429, "rate_limit_exceeded"),
        ({"message": "slow down", "code": 429}, 429, "rate_limit_exceeded"),
        ({"message": "busy", "status": 503}, 503, None),
        ({"message": "busy", "type": "overloaded_error"}, 503, None),
        ({"message": "ThrottlingException", "code": "throttling_exception"}, 429, "throttling_exception"),
        ({"message": "no", "type": "invalid_request_error", "code": "bad"}, 400, "bad"),
        ({"message": "odd"}, 502, None),
        ("just text", 502, None),
        ({"unknown": 1}, 502, None),
    ],
)
def test_an_error_event_has_the_status_it_would_have_had(
    error: object, status: int, code: str | None
) -> None:
    _, raised = relayed(stream_of(chunk(error=error)))
    assert isinstance(raised, UpstreamError)
    assert (raised.status, raised.code, raised.bedrock_request_id) == (status, code, "r")
    assert raised.message


def test_nothing_after_done_is_passed_on() -> None:
    assert relayed(stream_of(ROLE + DONE + words("late"), words("later"))) == (ROLE + DONE, None)


def test_a_comment_goes_on_without_its_words() -> None:
    """A comment keeps the connection alive, and none of its words reaches the caller."""
    silence = b":\n\n"
    assert relayed(stream_of(b": ping\n\n", ROLE, b"id: 7\n\n", DONE)) == (
        silence + ROLE + silence + DONE,
        None,
    )


@pytest.mark.parametrize(
    "event", [b"event: x\ndata: {}\n\n", b"data: {\ndata: }\n\n", b"data:{}\r\n\r\n", b"id: 1\rdata: {}\r\r"]
)
def test_an_event_goes_on_as_one_line_of_data(event: bytes) -> None:
    """Fields that an event brings beside its data do not reach the caller."""
    assert relayed(stream_of(event, DONE)) == (b"data: {}\n\n" + DONE, None)


def test_a_hundred_thousand_events_leave_nothing_behind() -> None:
    def upstream() -> Iterator[bytes]:
        for _ in range(100_000):
            yield words("word")
        yield DONE

    stream = ChatStream(upstream(), bedrock_request_id=None, hide_usage=False)
    assert sum(map(len, stream.relay())) == 100_000 * len(words("word")) + len(DONE)
    assert stream.events == 100_000


@pytest.mark.parametrize("piece", [b"data: " + b"x" * 16_000, b"data: x\r", b": comment " * 100])
def test_an_event_has_at_most_1_mib(piece: bytes) -> None:
    """An event without an end is not gathered."""
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += len(piece)
            yield piece

    stream = ChatStream(endless(), bedrock_request_id="r", hide_usage=False)
    _, error = relayed(stream)
    assert isinstance(error, UpstreamProtocolError)
    assert taken < 1_200_000


def test_an_error_event_does_not_repeat_our_key() -> None:
    """An error in a stream loses what we sent, as any other does."""
    error = b'data: {"error": {"message": "Bearer our-key-1 is bad: our-key-1", "code": "our-key-1"}}\n\n'
    stream = ChatStream(
        [error],
        bedrock_request_id="r",
        hide_usage=False,
        conceal=lambda text: text.replace("our-key-1", "***"),
    )
    _, raised = relayed(stream)
    assert isinstance(raised, UpstreamError)
    assert "our-key-1" not in raised.body()
