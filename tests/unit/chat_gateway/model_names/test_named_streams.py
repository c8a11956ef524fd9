"""A stream by a name: another target may follow until the first event, and none after it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from chat_gateway.completions.stream import ChatStream, StreamRules
from chat_gateway.core.errors import GatewayError, UpstreamConnectionError, UpstreamError
from chat_gateway.model_names.named_completions import NamedCompletions
from chat_gateway.model_names.settings import Target
from tests.unit.chat_gateway.bedrock_calls import TIMEOUTS
from tests.unit.chat_gateway.model_names.named_calls import (
    FIRST,
    NAME,
    SECOND,
    Bedrock,
    attempts,
    named,
    request,
)

EVENTS = {"content-type": "text/event-stream"}


class Body(httpx.SyncByteStream):
    """Pieces of a body, then perhaps a failure."""

    def __init__(self, *pieces: bytes, failure: Exception | None = None) -> None:
        self._pieces, self._failure = pieces, failure

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._failure is not None:
            raise self._failure


def chunk(content: str, model: str = FIRST, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    document = {"id": "c", "object": "chat.completion.chunk", "model": model, "choices": [choice]}
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def plays(*pieces: bytes, failure: Exception | None = None) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(200, headers=EVENTS, stream=Body(*pieces, failure=failure))


def relayed(completions: NamedCompletions, *, left_s: float = 100) -> bytes:
    """What the caller gets."""
    prepared = completions.prepared(request(stream=True), caller_headers={})
    answer = completions.stream(prepared, attempts(left_s=left_s))
    rules = StreamRules(model=prepared.shown_model)
    return b"".join(ChatStream(answer.chunks, rules, bedrock_request_id=None).relay())


WHOLE = plays(chunk("Hel", SECOND), chunk("lo", SECOND), chunk("", SECOND, "stop"), b"data: [DONE]\n\n")
ERROR = b'data: {"error": {"message": "Too many requests", "type": "throttling_error"}}\n\n'


@pytest.mark.parametrize(
    "first",
    [
        plays(failure=httpx.ReadError("reset")),
        plays(b":\n\n", failure=httpx.ReadTimeout("late")),
        plays(b"data: {", failure=httpx.ReadError("reset")),
        plays(),
        plays(b":\n\n", b"data: {"),
        plays(ERROR),
        plays(b'data: {"type": "error", "message": "Too many requests", "code": "throttling_error"}\n\n'),
        plays(b":\n\n", ERROR[:20], ERROR[20:]),
    ],
    ids=[
        "broken",
        "silent",
        "broken in the event",
        "empty",
        "ends in the event",
        "error",
        "error of another shape",
        "error in pieces",
    ],
)
def test_before_the_first_event(first: Callable[[httpx.Request], httpx.Response]) -> None:
    """A stream that fails before its first event is followed by the next target's, whole and under the name."""
    bedrock = Bedrock({FIRST: [first], SECOND: [WHOLE]})
    text = relayed(named(bedrock, FIRST, SECOND))
    assert bedrock.asked == [FIRST, SECOND]
    documents = [json.loads(event[6:]) for event in text.split(b"\n\n") if event.startswith(b"data: {")]
    assert {document["model"] for document in documents} == {NAME}
    assert "".join(document["choices"][0]["delta"].get("content", "") for document in documents) == "Hello"


def test_after_the_first_event() -> None:
    """A stream that breaks after its first event is not repeated: the caller gets what came, and an error."""
    bedrock = Bedrock({FIRST: [plays(chunk("Hel"), failure=httpx.ReadError("reset"))]})
    with pytest.raises(UpstreamConnectionError):
        relayed(named(bedrock, FIRST, SECOND))
    assert bedrock.asked == [FIRST]


@pytest.mark.parametrize(
    ("first_byte_s", "limit_s"), [(0.5, 0.5), (800, TIMEOUTS.first_byte_s), (None, TIMEOUTS.first_byte_s)]
)
def test_the_first_events_time(first_byte_s: float | None, limit_s: float) -> None:
    """The first event must come within the target's own time to the first byte, or within any answer's."""
    limits: list[float] = []

    def noted(_: httpx.Request) -> httpx.Response:
        body = Body(chunk("Hel", SECOND), chunk("lo", SECOND, "stop"))
        extensions = {"end_by": lambda _, *, pause_s: limits.append(pause_s)}
        return httpx.Response(200, headers=EVENTS, stream=body, extensions=extensions)

    bedrock = Bedrock({FIRST: [noted]})
    relayed(named(bedrock, Target(FIRST, first_byte_s=first_byte_s), SECOND), left_s=900)
    assert limits == [limit_s, TIMEOUTS.between_bytes_s]


def test_an_error_that_is_the_requests() -> None:
    """A first event that refuses the request is the caller's error."""
    refused = plays(b'data: {"error": {"message": "no", "type": "invalid_request_error"}}\n\n')
    bedrock = Bedrock({FIRST: [refused]})
    with pytest.raises(UpstreamError) as caught:
        relayed(named(bedrock, FIRST, SECOND))
    assert (caught.value.status, bedrock.asked) == (400, [FIRST])


def test_words_about_errors() -> None:
    """A first event whose text speaks of an error is no error."""
    first = plays(chunk('an "error"'), chunk("", FIRST, "stop"), b"data: [DONE]\n\n")
    assert b'an \\"error\\"' in relayed(named(Bedrock({FIRST: [first]}), FIRST, SECOND))


@pytest.mark.parametrize("tail", [b"", b"data: [DONE]\n\n"])
def test_a_last_target_is_not_held(tail: bytes) -> None:
    """With one target, the stream is passed on as Bedrock sends it, with its own errors."""
    bedrock = Bedrock({FIRST: [plays(ERROR, tail)]})
    with pytest.raises(GatewayError):
        relayed(named(bedrock, FIRST))
    assert bedrock.asked == [FIRST]
