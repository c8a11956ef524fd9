"""Which requests go up, and what the others are told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat_gateway import chat_request
from chat_gateway.errors import InvalidRequestError

VALID: dict[str, Any] = {"model": "openai.gpt-oss-20b-1:0", "messages": [{"role": "user", "content": "Hi"}]}


def test_fields_nobody_knows_yet_go_up() -> None:
    document = {**VALID, "invented_tomorrow": {"depth": [1, 2.5, None, "é"]}}
    request = chat_request.parse(json.dumps(document).encode())
    assert request.document == document


@pytest.mark.parametrize(("stream", "streams"), [(True, True), (False, False), (None, False)])
def test_only_true_streams(stream: bool | None, streams: bool) -> None:
    request = chat_request.parse(json.dumps({**VALID, "stream": stream}).encode())
    assert (request.document["stream"], request.streams) == (stream, streams)


@pytest.mark.parametrize(
    ("options", "sent", "hidden"),
    [
        ({}, {"include_usage": True}, True),
        (None, {"include_usage": True}, True),
        ({"include_usage": False}, {"include_usage": False}, False),
        ({"include_obfuscation": False}, {"include_obfuscation": False, "include_usage": True}, True),
        ({"include_usage": True}, {"include_usage": True}, False),
        ("no object", "no object", False),
    ],
)
def test_the_usage_chunk_is_asked_for_where_the_caller_did_not(
    options: object, sent: object, hidden: bool
) -> None:
    body = json.dumps({**VALID, "stream": True, "stream_options": options}).encode()
    request = chat_request.parse(body, ask_for_usage=True)
    assert request.document["stream_options"] == sent
    assert request.adds_usage is hidden


@pytest.mark.parametrize(("stream", "ask_for_usage"), [(True, False), (False, True), (None, True)])
def test_nothing_is_added_to_a_request_that_does_not_stream_or_where_the_setting_is_off(
    stream: bool | None, ask_for_usage: bool
) -> None:
    document = {**VALID, "stream": stream}
    request = chat_request.parse(json.dumps(document).encode(), ask_for_usage=ask_for_usage)
    assert request.document == document
    assert not request.adds_usage


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
    """An answer's `reasoning_content` that a caller sends back does not go up, and nothing else is lost."""
    said = {"role": "assistant", "content": "hi", "reasoning_content": "hm"}
    messages = [{"role": "user", "content": "x"}, said, "odd", None]
    request = chat_request.parse(json.dumps({**VALID, "messages": messages}).encode())
    assert request.document["messages"] == [messages[0], {"role": "assistant", "content": "hi"}, "odd", None]
