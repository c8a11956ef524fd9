"""Server-sent events: the chunks of a stream, and the fields of its last chunk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httpx2 import Response

    from tests.unit.bedrock_standin.conftest import Ask


def chunks(response: Response) -> list[dict[str, Any]]:
    """The stream's JSON chunks; asserts that the stream ends in [DONE]."""
    assert response.headers["content-type"].startswith("text/event-stream")
    events = response.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    return [json.loads(event.removeprefix("data: ")) for event in events[:-2]]


def content(received: list[dict[str, Any]]) -> str:
    return "".join(c["delta"].get("content", "") for chunk in received for c in chunk["choices"])


def test_a_stream_is_role_then_content_then_finish(ask: Ask) -> None:
    received = chunks(ask("a  b", stream=True))
    assert received[0]["choices"][0]["delta"]["role"] == "assistant"
    assert content(received) == "echo: a  b"
    assert received[-1]["choices"][0] == {"delta": {}, "finish_reason": "stop", "index": 0}
    assert len({chunk["id"] for chunk in received}) == 1
    assert {chunk["object"] for chunk in received} == {"chat.completion.chunk"}


def test_usage_comes_only_when_asked_for(ask: Ask, guarded: dict[str, str]) -> None:
    for headers in ({}, guarded):
        assert not any("usage" in chunk for chunk in chunks(ask(stream=True, headers=headers)))
        last = chunks(ask(stream=True, headers=headers, stream_options={"include_usage": True}))[-1]
        assert (last["choices"], last["usage"]["completion_tokens"]) == ([], 3)


def test_a_blocked_stream_is_an_intervention_in_chunks(ask: Ask, guarded: dict[str, str]) -> None:
    received = chunks(ask("forbidden", stream=True, headers=guarded))
    assert received[0]["id"].startswith("bedrock-guardrails-")
    assert content(received) == "INPUT blocked"
    assert received[-1]["choices"][0]["finish_reason"] == "content_filter"


def test_output_is_evaluated_before_anything_is_sent(ask: Ask, guarded: dict[str, str]) -> None:
    received = chunks(ask("badly", stream=True, headers=guarded))
    assert content(received) == "OUTPUT blocked"


def test_the_guardrails_fields_ride_the_last_chunk_only(ask: Ask, guarded: dict[str, str]) -> None:
    received = chunks(ask("secret", stream=True, headers=guarded, stream_options={"include_usage": True}))
    assert ["amazon-bedrock-guardrailAction" in chunk for chunk in received] == [False] * (
        len(received) - 1
    ) + [True]
    assert received[-1]["amazon-bedrock-guardrailAction"] == "INTERVENED"
    assert "amazon-bedrock-trace" in received[-1]
