"""The parts of Bedrock's stream that reach the caller, and the facts that the gateway reads from it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.completions.stream import ChatStream, StreamRules
from chat_gateway.core.errors import (
    GatewayError,
    UpstreamConnectionError,
    UpstreamError,
    UpstreamProtocolError,
)
from tests.unit.chat_gateway.stream_chunks import DONE, FINISH, ROLE, USAGE, USAGE_CHUNK, chunk, words


def stream_of(*pieces: bytes, **rules: Any) -> ChatStream:
    """A stream with these rules; its caller asked for the usage unless `shows_usage` is false."""
    clock = itertools.count(100)
    said = StreamRules(**{"shows_usage": True, **rules})
    return ChatStream(pieces, said, bedrock_request_id="r", clock=lambda: float(next(clock)))


def relayed(stream: ChatStream) -> tuple[bytes, GatewayError | None]:
    """All bytes that reached the caller, and the error that ended the stream."""
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

    stream = ChatStream(upstream(), StreamRules(), bedrock_request_id=None)
    relay = stream.relay()
    assert (next(relay), taken) == (ROLE, ["role"])
    assert (next(relay), taken) == (words("hello"), ["role", "hello"])
    assert list(relay) == [DONE]


@given(st.lists(st.integers(0, 1000)))
def test_however_the_bytes_arrive_the_caller_gets_the_same(cuts: list[int]) -> None:
    whole = b": comment\n\n" + ROLE + words("é🦉") + USAGE_CHUNK + DONE
    marks = sorted({0, len(whole), *(cut % len(whole) for cut in cuts)})
    pieces = [whole[begin:end] for begin, end in itertools.pairwise(marks)]
    stream = stream_of(*pieces, shows_usage=False)
    assert relayed(stream) == (whole.replace(USAGE_CHUNK, b"").replace(b": comment", b":"), None)
    assert (stream.usage, stream.events) == (USAGE, 3)


def test_events_that_came_together_go_on_together() -> None:
    """Events from one read are one write, except the first event of the stream, which does not wait."""
    first, together = b":\n\n" + ROLE, words("hello") + words("world")
    stream = stream_of(first + together, words("again") + DONE)
    assert list(stream.relay()) == [first, together, words("again") + DONE]


def test_a_usage_chunk_the_caller_asked_for_is_passed_on() -> None:
    stream = stream_of(ROLE, USAGE_CHUNK, DONE)
    assert relayed(stream) == (ROLE + USAGE_CHUNK + DONE, None)
    assert stream.usage == USAGE


def test_usage_beside_words_is_counted_and_never_hidden() -> None:
    piece = chunk(choices=[{"index": 0, "delta": {"content": "hi"}}], usage=USAGE)
    stream = stream_of(piece, DONE, shows_usage=False)
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
    stream = stream_of(first, last, DONE, shows_trace=False)
    out, error = relayed(stream)
    assert error is None
    assert out.startswith(first)
    sent = json.loads(out.split(b"\n\n")[1].removeprefix(b"data: "))
    assert sent["choices"] == [{**end, "finish_reason": "content_filter"}]
    assert "amazon-bedrock-trace" not in sent


def test_half_a_surrogate_pair() -> None:
    """Half a surrogate pair in an event that is rewritten does not end the stream."""
    piece = chunk(choices=[{"index": 0, "delta": {"content": "\ud83d"}}], **{"amazon-bedrock-trace": {}})
    stream = stream_of(piece, DONE, shows_trace=False)
    out, error = relayed(stream)
    assert error is None
    assert b"\\ud83d" in out


ACTION = {"amazon-bedrock-guardrailAction": "INTERVENED"}
TRACE = {"amazon-bedrock-trace": {"guardrail": {"match": "x"}}}


@pytest.mark.parametrize(
    "last",
    [
        chunk(usage=USAGE, **ACTION, **TRACE),
        chunk(choices=None, usage=USAGE, **ACTION, **TRACE),
        chunk(**ACTION, **TRACE),
    ],
)
@pytest.mark.parametrize("shows_trace", [True, False])
def test_the_guardrails_word_stands_on_the_finish(last: bytes, shows_trace: bool) -> None:
    """The guardrail's fields in an event without choices reach the caller on the chunk that ends the answer."""
    stream = stream_of(
        words("hi"), chunk(choices=[FINISH]), last, DONE, shows_usage=False, shows_trace=shows_trace
    )
    finish = chunk(choices=[FINISH], **ACTION, **(TRACE if shows_trace else {}))
    assert relayed(stream) == (words("hi") + finish + DONE, None)
    assert stream.guardrail_outcome.action == "MASKED"


@pytest.mark.parametrize("usage_choices", [[], None])
def test_events_without_choices_are_for_who_asked(usage_choices: object) -> None:
    """A caller that asked for usage gets it with an empty list of choices; others get no such event."""
    last = chunk(choices=usage_choices, usage=USAGE)
    asked, silent = stream_of(words("hi"), last, DONE), stream_of(words("hi"), last, DONE, shows_usage=False)
    assert relayed(asked) == (words("hi") + USAGE_CHUNK + DONE, None)
    assert relayed(silent) == (words("hi") + DONE, None)
    assert silent.usage == USAGE


def test_a_finish_is_held_no_longer_than_needed() -> None:
    """The chunk that ends an answer reaches the caller with the next event, with an error, or at the end."""
    finish = chunk(choices=[FINISH])
    later = chunk(choices=[{"index": 1, "delta": {"content": "b"}}])
    assert relayed(stream_of(finish, later, DONE, shows_usage=False)) == (finish + later + DONE, None)
    out, error = relayed(stream_of(finish, b"data: <html>\n\n", shows_usage=False))
    assert (out, type(error)) == (finish, UpstreamProtocolError)


@pytest.mark.parametrize("shows_usage", [True, False])
def test_a_finished_stream_needs_no_done(shows_usage: bool) -> None:
    """A stream that ends after every choice has finished is complete; the caller gets its `[DONE]`."""
    finish = chunk(choices=[FINISH])
    stream = stream_of(ROLE, words("hi"), finish, shows_usage=shows_usage)
    assert relayed(stream) == (ROLE + words("hi") + finish + DONE, None)
    assert stream.lacks_done


def test_with_a_choice_open_a_stream_without_done_is_cut() -> None:
    """A stream that ends while a choice has not finished was cut off."""
    other = chunk(choices=[{"index": 1, "delta": {"content": "b"}}])
    _, error = relayed(stream_of(ROLE, other, chunk(choices=[FINISH])))
    assert isinstance(error, UpstreamConnectionError)


@pytest.mark.parametrize("blank", ["", " "])
def test_the_standard_tier_is_the_default_one(blank: str) -> None:
    """Bedrock's name for the tier becomes OpenAI's, and no other byte of an event changes."""
    event = words('caf\u00e9, \\"service_tier\\": \\"standard\\"').replace(b"caf\\u00e9", "café".encode())
    said = event.replace(b'{"id"', f'{{"service_tier":{blank}"standard", "id"'.encode(), 1)
    out, _ = relayed(stream_of(said, DONE))
    assert (
        out
        == said.replace(
            f'"service_tier":{blank}"standard"'.encode(), f'"service_tier":{blank}"default"'.encode()
        )
        + DONE
    )


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
    """A comment keeps the connection alive, and its text does not reach the caller."""
    silence = b":\n\n"
    assert relayed(stream_of(b": ping\n\n", ROLE, b"id: 7\n\n", DONE)) == (
        silence + ROLE + silence + DONE,
        None,
    )


@pytest.mark.parametrize(
    "event",
    [
        b'event: x\ndata: {"choices": []}\n\n',
        b'data: {"choices":\ndata: []}\n\n',
        b'data:{"choices": []}\r\n\r\n',
        b'id: 1\rdata: {"choices": []}\r\r',
    ],
)
def test_an_event_goes_on_as_one_line_of_data(event: bytes) -> None:
    """An event's fields other than its data do not reach the caller."""
    assert relayed(stream_of(event, DONE)) == (b'data: {"choices": []}\n\n' + DONE, None)


def test_a_hundred_thousand_events_leave_nothing_behind() -> None:
    def upstream() -> Iterator[bytes]:
        for _ in range(100_000):
            yield words("word")
        yield DONE

    stream = ChatStream(upstream(), StreamRules(), bedrock_request_id=None)
    assert sum(map(len, stream.relay())) == 100_000 * len(words("word")) + len(DONE)
    assert stream.events == 100_000


@pytest.mark.parametrize("piece", [b"data: " + b"x" * 16_000, b"data: x\r", b": comment " * 100])
def test_an_event_has_at_most_1_mib(piece: bytes) -> None:
    """An event without an end is a protocol error after 1 MiB."""
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += len(piece)
            yield piece

    stream = ChatStream(endless(), StreamRules(), bedrock_request_id="r")
    _, error = relayed(stream)
    assert isinstance(error, UpstreamProtocolError)
    assert taken < 1_200_000


def test_an_error_event_does_not_repeat_our_key() -> None:
    """An error in a stream that repeats our key loses the key."""
    error = b'data: {"error": {"message": "Bearer our-key-1 is bad: our-key-1", "code": "our-key-1"}}\n\n'
    stream = ChatStream(
        [error],
        StreamRules(),
        bedrock_request_id="r",
        conceal=lambda text: text.replace("our-key-1", "***"),
    )
    _, raised = relayed(stream)
    assert isinstance(raised, UpstreamError)
    assert "our-key-1" not in raised.body()


def test_a_repeated_key_hides_no_trace() -> None:
    """Readers take the last of a repeated key; a trace under the first one is not sent either."""
    twice = b'"a": {"amazon-bedrock-trace": {"match": "SECRET"}}, "a": 1'
    event = b'data: {"choices": [{"index": 0, "delta": {}}], ' + twice + b"}\n\n"
    out, _ = relayed(stream_of(event, DONE, shows_trace=False))
    assert b"SECRET" not in out


def test_only_known_words_of_the_guardrail_are_kept() -> None:
    """However many keys events without choices have, only the guardrail's two are kept."""
    pieces = [chunk(**{f"amazon-bedrock-{number}": "x"}) for number in range(100)]
    out, _ = relayed(stream_of(words("hi"), chunk(choices=[FINISH]), *pieces, DONE, shows_usage=False))
    assert out == words("hi") + chunk(choices=[FINISH]) + DONE


@pytest.mark.parametrize("reason", ["guardrail_intervened", "content_filtered", "content_filter"])
def test_a_block_by_any_name_is_recorded(reason: str) -> None:
    """For every name that Bedrock gives a block, the log and the caller get a block."""
    stream = stream_of(words("no"), chunk(choices=[{"index": 0, "delta": {}, "finish_reason": reason}]), DONE)
    sent, error = relayed(stream)
    assert error is None
    assert b'"content_filter"' in sent
    assert stream.guardrail_outcome.action == "INTERVENED"


def test_a_models_own_refusal_is_no_block() -> None:
    """A model's own refusal is not recorded as a block by the guardrail."""
    stream = stream_of(
        words("no"), chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "refusal"}]), DONE
    )
    assert b'"stop"' in relayed(stream)[0]
    assert stream.guardrail_outcome.action is None


@pytest.mark.parametrize(
    ("texts", "delta"),
    [
        (["<reason"], {"content": "<reason"}),
        (["<reasoning>think</reas"], {"reasoning_content": "</reas"}),
    ],
)
@pytest.mark.parametrize("end", [(DONE,), ()])
def test_kept_words_come_with_the_end(
    texts: list[str], delta: dict[str, str], end: tuple[bytes, ...]
) -> None:
    """Text that may begin a tag is sent if the stream ends without a finish_reason, or is cut off."""
    sent, error = relayed(stream_of(*map(words, texts), *end, separates_reasoning=True))
    last = [json.loads(event[6:]) for event in sent.split(b"\n\n") if event.startswith(b"data: {")][-1]
    assert last["choices"] == [{"index": 0, "delta": delta, "finish_reason": None}]
    assert (error is None) == bool(end)


def test_what_stands_beside_kept_words_goes_on() -> None:
    """An event whose content is kept back is still sent if it has other fields."""
    event = chunk(
        choices=[{"index": 0, "delta": {"content": "<reas"}}],
        usage=USAGE,
        **{"amazon-bedrock-guardrailAction": "NONE"},
    )
    sent, _ = relayed(stream_of(event, DONE, separates_reasoning=True))
    assert b'"total_tokens": 8' in sent
    assert b'"amazon-bedrock-guardrailAction": "NONE"' in sent
