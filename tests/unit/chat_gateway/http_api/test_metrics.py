"""The chat function's log lines carry metrics if the environment has them, and nothing of metrics if not."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import httpx
import pytest

from chat_gateway.core.errors import ConfigurationError
from chat_gateway.core.startup import Startup
from chat_gateway.http_api.handler import ChatFunction, ChatState
from chat_gateway.service.line_metrics import UNITS, LineMetrics
from response_streaming import buffered_elsewhere
from tests.unit.chat_gateway.api_calls import (
    COMPLETION,
    STREAMING,
    Bedrock,
    ChatCalls,
    completions_for,
    event,
    ok,
)
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to
from tests.unit.chat_gateway.stream_chunks import DONE, ROLE, USAGE_CHUNK, words

TIMES = ("latency_ms", "time_to_first_token_ms")


def line_of(bedrock: Bedrock, log: StringIO, body: object = None) -> dict[str, Any]:
    """The line of one request, with metrics."""
    state = ChatCalls.of(completions_for(bedrock), log).state
    return _line(lambda: state, log, body)


def _line(build: Any, log: StringIO, body: object = None) -> dict[str, Any]:
    function = ChatFunction(Startup(build), logger_to(log), sleep=lambda _: None, metrics=LineMetrics("test"))
    buffered_elsewhere(function.handle)(event(body), FakeContext())
    (text,) = log.getvalue().splitlines()
    line: dict[str, Any] = json.loads(text)
    return line


def counts(line: dict[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in UNITS if name in line and name not in TIMES}


def streamed(*pieces: bytes) -> Bedrock:
    return lambda _: httpx.Response(200, content=iter(pieces), headers={"content-type": "text/event-stream"})


def test_without_metrics_the_line_has_none(log: StringIO) -> None:
    """Where metrics are off, the line has no field of them."""
    ChatCalls.of(completions_for(ok), log).handle(event())
    line = json.loads(log.getvalue())
    assert not {"_aws", "environment", "requests", "errors", "failures"} & line.keys()


def test_an_answer(log: StringIO) -> None:
    """An answer's line is one request with its tokens. Its metrics have two dimensions."""
    line = line_of(ok, log)
    assert counts(line) == {"requests": 1, "prompt_tokens": 3, "completion_tokens": 5}
    assert line["environment"] == "test"
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["service", "environment"]]


def test_a_stream(log: StringIO) -> None:
    """A stream's line has the time to the first token, too."""
    line = line_of(streamed(ROLE, words("a"), USAGE_CHUNK, DONE), log, STREAMING)
    assert counts(line)["requests"] == 1
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert {"Name": "time_to_first_token_ms", "Unit": "Milliseconds"} in directive["Metrics"]


def test_a_stream_that_breaks(log: StringIO) -> None:
    """A stream that ends too early is a failure, although its status is 200."""
    line = line_of(streamed(ROLE, words("a")), log, STREAMING)
    assert line["status"] == 200
    assert counts(line) == {"requests": 1, "errors": 1, "failures": 1}


def test_a_retried_throttle(log: StringIO) -> None:
    """A request that Bedrock throttles to the end is one throttle with its retries."""
    line = line_of(lambda _: httpx.Response(429, json={"message": "slow down"}), log)
    assert counts(line) == {"requests": 1, "errors": 1, "throttles": 1, "retries": 2}


def test_wrong_settings_are_counted(log: StringIO) -> None:
    """A function whose settings are wrong counts its failures."""

    def build() -> ChatState:
        raise ConfigurationError("SOMETHING is missing and has no default.")

    line = _line(build, log)
    assert counts(line) == {"requests": 1, "errors": 1, "failures": 1}
    assert line["error_class"] == "InternalError"


@pytest.mark.parametrize(
    ("said", "logged"),
    [("standard", "standard"), ("priority", "priority"), ("reserved", "reserved"), ("not a tier", None)],
)
@pytest.mark.parametrize("streams", [True, False])
def test_the_tier_that_served(log: StringIO, streams: bool, said: str, logged: str | None) -> None:
    """The line has the tier by Bedrock's name, also one that OpenAI does not have."""
    if streams:
        chunk = json.dumps({"choices": [], "service_tier": said}).encode()
        bedrock = streamed(ROLE, words("a"), b"data: " + chunk + b"\n\n", DONE)
    else:
        bedrock = lambda _: httpx.Response(200, json={**COMPLETION, "service_tier": said})  # noqa: E731
    assert line_of(bedrock, log, STREAMING if streams else None).get("service_tier") == logged
