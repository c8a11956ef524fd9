"""A stream is counted against its client's limits by the usage that comes with it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from response_streaming import StreamError
from tests.unit.chat_gateway.api_calls import STREAMING, Bedrock
from tests.unit.chat_gateway.http_api.conftest import NewGateway
from tests.unit.chat_gateway.http_api.limited_calls import (
    BEDROCK,
    CAP,
    DYNAMODB,
    HEADERS,
    LimitedGateway,
)
from tests.unit.chat_gateway.stream_chunks import DONE, FINISH, ROLE, USAGE_CHUNK, chunk, words

LIMITS = {"requests_per_minute": 9, "tokens_per_minute": 1000, "concurrent_requests": 2}
USED = {"requests_m": 1, "tokens_m": 8}
NOTHING = {"requests_m": 0, "tokens_m": 0}
ERROR = b'data: {"error":{"message":"busy","type":"server_error","code":"503"}}\n\n'


def streaming(*pieces: bytes) -> Bedrock:
    headers = {"content-type": "text/event-stream", **HEADERS}
    return lambda _: httpx.Response(200, content=iter(pieces), headers=headers)


WHOLE = streaming(ROLE, words("hello"), chunk(choices=[FINISH]), USAGE_CHUNK, DONE)


def started(limited: NewGateway, bedrock: Bedrock = WHOLE, **settings: Any) -> LimitedGateway:
    """A chat function whose client has limits."""
    gateway = limited(bedrock, **settings)
    gateway.limit(**LIMITS)
    return gateway


def read(gateway: LimitedGateway, body: object = STREAMING) -> bytes:
    """The whole stream."""
    response = gateway.respond(body)
    try:
        return b"".join(response.body)
    finally:
        response.close()


def test_usage_is_asked_for(limited: NewGateway) -> None:
    """Usage is asked for and charged, though the environment does not count, and not shown to the caller."""
    gateway = started(limited)
    stream = read(gateway)
    assert gateway.asked[0]["stream_options"] == {"include_usage": True}
    assert b"prompt_tokens" not in stream
    assert stream.endswith(DONE)
    assert gateway.counters() == USED
    assert gateway.used()[STREAMING["model"]]["completion_tokens"] == 5


def test_usage_that_the_caller_wants(limited: NewGateway) -> None:
    """A caller that asks for usage sees it."""
    gateway = started(limited)
    assert b"prompt_tokens" in read(gateway, {**STREAMING, "stream_options": {"include_usage": True}})
    assert gateway.counters() == USED


def test_usage_that_the_caller_declines(limited: NewGateway) -> None:
    """A caller that declines usage is charged by it all the same, and does not see it."""
    gateway = started(limited)
    stream = read(gateway, {**STREAMING, "stream_options": {"include_usage": False}})
    assert gateway.asked[0]["stream_options"] == {"include_usage": True}
    assert gateway.counters() == USED
    assert b"prompt_tokens" not in stream


def test_uncounted_client(limited: NewGateway) -> None:
    """Usage is not asked for on behalf of a client without limits."""
    gateway = limited(WHOLE)
    read(gateway)
    assert "stream_options" not in gateway.asked[0]
    assert gateway.happened == [BEDROCK]


def test_recorded_usage_without_limits(limited: NewGateway) -> None:
    """With the setting, usage is asked for and recorded without counters."""
    gateway = limited(WHOLE, record_usage=True)
    read(gateway)
    assert gateway.asked[0]["stream_options"] == {"include_usage": True}
    assert gateway.happened == [BEDROCK, DYNAMODB]
    assert gateway.used()[STREAMING["model"]]["prompt_tokens"] == 3


def test_headers_and_order(limited: NewGateway) -> None:
    """A stream has the limits' headers, and is settled after its last event."""
    gateway = started(limited)
    response = gateway.respond(STREAMING)
    assert response.headers["x-ratelimit-remaining-requests"] == "8"
    for _ in response.body:
        gateway.happened.append("event")
    response.close()
    after = gateway.happened[gateway.happened.index(BEDROCK) + 1 :]
    assert set(after[:-2]) == {"event"}
    assert after[-2:] == [DYNAMODB, DYNAMODB]


def test_model_that_refuses_to_count(limited: NewGateway) -> None:
    """A model that refuses the option is asked without it; the request is reserved once, and charged as reserved."""

    def refusing(request: httpx.Request) -> httpx.Response:
        if "stream_options" in json.loads(request.content):
            error = {"message": "Unsupported parameter: 'stream_options'.", "param": "stream_options"}
            return httpx.Response(400, json={"error": error})
        return streaming(ROLE, words("hello"), chunk(choices=[FINISH]), DONE)(request)

    gateway = started(limited, refusing)
    read(gateway)
    counters = gateway.counters()
    assert (counters["requests_m"], len(gateway.asked)) == (1, 2)
    assert CAP < counters["tokens_m"] < CAP + 100


@pytest.mark.parametrize("pieces", [0, 1])
def test_abandoned_stream(limited: NewGateway, pieces: int) -> None:
    """A stream that its caller leaves, before or after its first event, is charged as it was reserved."""
    gateway = started(limited, streaming(ROLE, words("hello"), words("again"), USAGE_CHUNK, DONE))
    response = gateway.respond(STREAMING)
    for _ in range(pieces):
        next(response.body)
    response.close()
    assert gateway.counters()["requests_m"] == 1
    assert CAP < gateway.counters()["tokens_m"] < CAP + 100
    assert gateway.used()[STREAMING["model"]]["completion_tokens"] == CAP
    assert gateway.logged()["abandoned"] is True


def test_error_as_the_first_event(limited: NewGateway) -> None:
    """A stream whose first event is an error is charged nothing, and its answer has the limits' headers."""
    gateway = started(limited, streaming(ERROR))
    with pytest.raises(StreamError) as failed:
        read(gateway)
    assert (gateway.counters(), gateway.used()) == (NOTHING, {})
    assert failed.value.response.headers["x-ratelimit-limit-requests"] == "9"


def test_error_after_events(limited: NewGateway) -> None:
    """A stream that fails after events is charged as it was reserved."""
    gateway = started(limited, streaming(ROLE, words("hello"), ERROR))
    with pytest.raises(StreamError):
        read(gateway)
    assert gateway.counters()["tokens_m"] > CAP


def test_error_after_usage(limited: NewGateway) -> None:
    """A stream that fails after its usage has come is charged by it."""
    gateway = started(limited, streaming(ROLE, words("hello"), USAGE_CHUNK, ERROR))
    with pytest.raises(StreamError):
        read(gateway)
    assert gateway.counters() == USED


def test_lost_before_the_first_event(limited: NewGateway) -> None:
    """A stream that Bedrock began and that was lost is charged as it was reserved."""
    gateway = started(limited, streaming())
    with pytest.raises(StreamError):
        read(gateway)
    assert gateway.counters()["tokens_m"] > CAP


@pytest.mark.parametrize("status", [400, 429, 500])
def test_refused_stream(limited: NewGateway, status: int) -> None:
    """A stream that Bedrock refuses is charged nothing."""
    gateway = started(limited, lambda _: httpx.Response(status, json={"message": "no"}))
    _, _, headers = gateway.answer(STREAMING)
    assert gateway.counters() == NOTHING
    assert headers["x-ratelimit-limit-requests"] == "9"


def test_stream_over_a_limit(limited: NewGateway) -> None:
    """A stream over a limit gets a 429 before Bedrock is asked."""
    gateway = started(limited)
    gateway.limit(requests_per_minute=1)
    read(gateway)
    status, code, headers = gateway.answer(STREAMING)
    assert (status, code, headers["retry-after"]) == (429, "rate_limit_exceeded", "50")
    assert len(gateway.asked) == 1


def test_slot_of_a_stream(limited: NewGateway) -> None:
    """A stream has a slot until it ends."""
    gateway = started(limited)
    gateway.limit(concurrent_requests=1)
    response = gateway.respond(STREAMING)
    next(response.body)
    assert gateway.answer(STREAMING)[0] == 429
    response.close()
    assert gateway.answer(STREAMING)[0] == 200
