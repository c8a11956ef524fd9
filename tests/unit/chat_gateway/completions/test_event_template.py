"""An event that matches the template goes on as if it had been parsed; no other event matches."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.completions import event_template
from chat_gateway.completions.stream import ChatStream, StreamRules
from chat_gateway.core.errors import GatewayError
from tests.unit.chat_gateway.stream_chunks import DONE, FINISH, ROLE, chunk


def event(content: object, *, ascii_only: bool = True, blank: str = " ", more: Any = None) -> bytes:
    """A chunk with this content, in the formats that servers write."""
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": None}
    document = {"id": "c", "choices": [choice], "service_tier": "standard", **(more or {})}
    text = json.dumps(document, ensure_ascii=ascii_only, separators=(f",{blank}", f":{blank}"))
    return b"data: " + text.encode("utf-8", "surrogatepass") + b"\n\n"


def relayed(pieces: list[bytes], rules: StreamRules) -> tuple[bytes, str | None, int, object]:
    """The bytes that a caller gets, the end of the stream, and the counts."""
    stream, out, error = ChatStream(pieces, rules, bedrock_request_id="r"), b"", None
    try:
        for piece in stream.relay():
            out += piece
    except GatewayError as failure:
        error = failure.body()
    return out, error, stream.events, stream.usage


WORDS = st.text(max_size=20) | st.sampled_from(
    ['"', "\\", '\\"', "\n", "\u2028", "</reasoning>", '"}]}', "trace"]
)
SPOILED = st.sampled_from(
    [
        event("a", more={"usage": {"total_tokens": 3}}),
        event("a", more={"amazon-bedrock-guardrailAction": "INTERVENED"}),
        event("a", more={"amazon-bedrock-trace": {"guardrail": {"match": "x"}}}),
        event("a", more={"error": {"message": "no"}}),
        event("a", more={"id": "bedrock-guardrails-1"}),
        event(7),
        event(None),
        event("a").replace(b'"a"', b'"a", "content": "b"'),
        event("a").replace(b'"a"', b'"\xff"'),
        event("a").replace(b'"a"', b'"\\x"'),
        event("a").replace(b'"a"', b'"\t"'),
        event("a").replace(b'"a"', b'"a" "b"'),
        event("a").replace(b"null", b'"stop"'),
        chunk(choices=[FINISH]),
        ROLE,
        b": comment\n\n",
        b"data: <html>\n\n",
    ]
)


@given(
    st.lists(st.builds(event, WORDS) | SPOILED, max_size=8),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_it_is_as_if_each_were_parsed(
    events: list[bytes], shows_usage: bool, shows_trace: bool, separates: bool
) -> None:
    """With and without the template, a caller gets the same bytes, the same end and the same counts."""
    rules = StreamRules(shows_usage=shows_usage, shows_trace=shows_trace, separates_reasoning=separates)
    pieces = [event("a"), *events, DONE]
    fast = relayed(pieces, rules)
    with patch.object(event_template, "of", lambda raw, written: None):
        assert relayed(pieces, rules) == fast


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("blank", [" ", ""])
def test_the_next_event_is_known(ascii_only: bool, blank: str) -> None:
    """An event that differs only in its content is not parsed, in any server's format."""
    first = event("a", ascii_only=ascii_only, blank=blank)
    template = event_template.of(first, first.replace(b"standard", b"default"))
    assert template is not None
    following = event('caf\u00e9 "\U0001f989"\n', ascii_only=ascii_only, blank=blank)
    assert template.written(following) == following.replace(b"standard", b"default")


@pytest.mark.parametrize(
    "raw",
    [
        event("a", more={"id": "d"}),
        event("a", more={"x": 1}),
        event("a").replace(b'"a"', b'"a", "x": "b"'),
        event("a").replace(b'"a"', b'"\xff"'),
        event("a").replace(b'"a"', b'"'),
        event("a").replace(b"\n\n", b"\r\n\r\n"),
        event("a")[:-1],
        b"",
    ],
)
def test_another_event_is_not(raw: bytes) -> None:
    """An event with any other difference, or an invalid JSON string, is parsed."""
    template = event_template.of(event("a"), event("a"))
    assert template is not None
    assert template.written(raw) is None


@pytest.mark.parametrize(
    "raw",
    [ROLE + b'"content": "', chunk(choices=[]), b'data: {"content": "a", "x": {"content": "b"}}\n\n', b""],
)
def test_where_words_are_not_plain_there_is_none(raw: bytes) -> None:
    """Without exactly one place for the content there is no template."""
    assert event_template.of(raw, raw) is None
