"""Which requests are sent to Bedrock, and the errors for the others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat_gateway.completions import request as chat_request
from chat_gateway.core.errors import InvalidRequestError
from tests.unit.chat_gateway.chat_requests import VALID


def test_fields_nobody_knows_yet_go_up() -> None:
    document = {**VALID, "invented_tomorrow": {"depth": [1, 2.5, None, "é"]}}
    request = chat_request.parse(json.dumps(document).encode())
    assert request.document == document


@pytest.mark.parametrize(("stream", "streams"), [(True, True), (False, False), (None, False)])
def test_only_true_streams(stream: bool | None, streams: bool) -> None:
    request = chat_request.parse(json.dumps({**VALID, "stream": stream}).encode())
    assert (request.document["stream"], request.streams) == (stream, streams)


@pytest.mark.parametrize(
    ("options", "asks"),
    [
        ({"include_usage": True}, True),
        ({"include_usage": False}, False),
        ({}, False),
        (None, False),
        ("x", False),
    ],
)
def test_it_knows_who_asked_for_usage(options: object, asks: bool) -> None:
    """Only a caller with `include_usage` true asked for the usage chunk, and its options do not change."""
    document = {**VALID, "stream": True, "stream_options": options}
    request = chat_request.parse(json.dumps(document).encode())
    assert (request.asks_for_usage, request.document) == (asks, document)


def test_a_responses_request_is_told_so() -> None:
    """A body with `input` instead of `messages` gets an error that names the Responses API."""
    with pytest.raises(InvalidRequestError, match="Responses API") as caught:
        chat_request.parse(b'{"model": "m", "input": "hello"}')
    assert caught.value.param == "messages"


@pytest.mark.parametrize(
    ("said", "is_left_out"),
    [
        ({"n": 1}, True),
        ({"n": 1.0}, True),
        ({"n": 2}, False),
        ({"n": True}, False),
        ({"n": None}, True),
        ({"n": "1"}, False),
        ({"logit_bias": {}}, True),
        ({"logit_bias": {"1": 5}}, False),
        ({"presence_penalty": 0, "frequency_penalty": 0.0}, True),
        ({"presence_penalty": False}, False),
        ({"temperature": 1}, False),
        ({"stop": []}, False),
    ],
)
def test_values_that_say_only_the_default(said: dict[str, object], is_left_out: bool) -> None:
    """A parameter that Bedrock refuses is left out if it has the default value, and is sent if not."""
    request = chat_request.parse(json.dumps({**VALID, **said}).encode())
    assert request.document == (VALID if is_left_out else {**VALID, **said})


@pytest.mark.parametrize(
    ("change", "param", "code"),
    [
        ({"model": None}, "model", "missing_required_parameter"),
        ({"model": ""}, "model", "invalid_type"),
        ({"model": 7}, "model", "invalid_type"),
        ({"messages": None}, "messages", "invalid_type"),
        ({"messages": {}}, "messages", "invalid_type"),
        ({"messages": "Hi"}, "messages", "invalid_type"),
        ({"messages": []}, "messages", "empty_array"),
        ({"stream": "true"}, "stream", "invalid_type"),
        ({"stream": 1}, "stream", "invalid_type"),
        ({"stream": 0}, "stream", "invalid_type"),
    ],
)
def test_a_bad_field_is_refused_by_name(change: dict[str, Any], param: str, code: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        chat_request.parse(json.dumps({**VALID, **change}).encode())
    assert (caught.value.param, caught.value.code) == (param, code)


@pytest.mark.parametrize("missing", ["model", "messages"])
def test_a_missing_field_is_refused_by_name(missing: str) -> None:
    document = {name: value for name, value in VALID.items() if name != missing}
    with pytest.raises(InvalidRequestError) as caught:
        chat_request.parse(json.dumps(document).encode())
    assert (caught.value.param, caught.value.code) == (missing, "missing_required_parameter")


def test_repeated_reasoning_stays_here() -> None:
    """`reasoning_content` that a caller sends back is not sent to Bedrock, and nothing else is lost."""
    said = {"role": "assistant", "content": "hi", "reasoning_content": "hm"}
    messages = [{"role": "user", "content": "x"}, said, "odd", None]
    request = chat_request.parse(json.dumps({**VALID, "messages": messages}).encode())
    assert request.document["messages"] == [messages[0], {"role": "assistant", "content": "hi"}, "odd", None]
