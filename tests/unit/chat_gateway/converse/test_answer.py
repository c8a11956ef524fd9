"""An answer of Converse becomes a chat completion that OpenAI's types and our readers of native ones understand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion

from chat_gateway.bedrock.client import Completion
from chat_gateway.completions.presentation import presented
from chat_gateway.converse import answer
from chat_gateway.core.errors import UpstreamProtocolError
from tests.unit.chat_gateway.converse_events import BLOCKED_WORDS, pii_trace, tool_use
from tests.unit.chat_gateway.converse_events import answer as answered

TEXT = {"text": "hi"}


def completion(document: object, **tool_names: str) -> dict[str, Any]:
    made = answer.completion(
        document,
        model="eu.anthropic.claude",
        tool_names=tool_names,
        id_="chatcmpl-1",
        created=7,
        bedrock_request_id="r",
    )
    ChatCompletion.model_validate(made, strict=True)
    return made


def message(*blocks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    choice: dict[str, Any] = completion(answered(*blocks, **fields))["choices"][0]
    return {**choice["message"], "finish_reason": choice["finish_reason"]}


def as_callers_see(document: dict[str, Any]) -> Completion:
    made = completion(document)
    return presented(Completion(json.dumps(made), made, "r"), keep_trace=False, separates_reasoning=False)


def test_a_completion_has_the_native_form() -> None:
    """The whole document: the head is ours, the rest Bedrock's."""
    assert completion(answered(TEXT, serviceTier={"type": "flex"}, metrics={"latencyMs": 1})) == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 7,
        "model": "eu.anthropic.claude",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "hi", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8},
        "service_tier": "flex",
    }


def test_text_may_stand_in_any_block() -> None:
    """The texts of all blocks are joined, cited text too, and unknown blocks are skipped."""
    cited = {"citationsContent": {"content": [{"text": "b"}, {"new": 1}, 7], "citations": []}}
    blocks: tuple[dict[str, Any], ...] = (
        {"reasoningContent": {"redactedContent": "eA=="}},
        {"text": "a"},
        cited,
        {"new": {}},
        {"text": "c"},
    )
    assert message(*blocks)["content"] == "abc"


def test_without_text_the_content_is_null() -> None:
    """An answer of tool calls or reasoning alone has no content."""
    assert message(tool_use())["content"] is None
    assert message(stopReason="max_tokens") == {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "finish_reason": "length",
    }


def test_reasoning_has_its_own_field() -> None:
    """The reasoning's text goes into `reasoning_content`, and its signature nowhere."""
    thoughts = [
        {"reasoningContent": {"reasoningText": {"text": text, "signature": "SIGNED"}}} for text in "ab"
    ]
    said = message(*thoughts, TEXT)
    assert (said["reasoning_content"], said["content"]) == ("ab", "hi")
    assert "SIGNED" not in json.dumps(said)


def test_tool_calls_keep_their_ids_and_get_their_names_back() -> None:
    """A tool call has Converse's id, the caller's name of the tool, and compact JSON as arguments."""
    first, second = tool_use("a", "short_1"), tool_use("b", "other", input={"x": ["é", 1.5, None]})
    made = completion(answered(TEXT, first, second, stopReason="tool_use"), short_1="mcp.long.name")
    calls = made["choices"][0]["message"]["tool_calls"]
    assert [(call["id"], call["type"], call["function"]) for call in calls] == [
        ("a", "function", {"name": "mcp.long.name", "arguments": '{"city":"Oslo"}'}),
        ("b", "function", {"name": "other", "arguments": '{"x":["é",1.5,null]}'}),
    ]


def test_no_arguments_are_an_empty_object() -> None:
    """A call whose input is null or missing has the arguments `{}`."""
    without = {"toolUse": {"toolUseId": "b", "name": "f"}}
    calls = message(tool_use(input=None), without)["tool_calls"]
    assert [call["function"]["arguments"] for call in calls] == ["{}", "{}"]


@pytest.mark.parametrize(
    ("blocks", "reason", "becomes"),
    [
        ([TEXT, tool_use()], "end_turn", "tool_calls"),
        ([TEXT, tool_use()], "max_tokens", "length"),
        ([TEXT], "tool_use", "stop"),
        ([TEXT], "malformed_tool_use", "stop"),
        ([TEXT], {"new": 1}, "stop"),
    ],
)
def test_the_finish_reason_fits_the_message(
    blocks: list[dict[str, Any]], reason: object, becomes: str
) -> None:
    """`tool_calls` is the reason exactly if a finished answer has calls."""
    assert message(*blocks, stopReason=reason)["finish_reason"] == becomes


@pytest.mark.parametrize(
    "document",
    [
        {"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}, "Version": "1.0"},
        {"output": None},
        {"output": {"message": {"content": "hi"}}},
        [],
        answered(stopReason="malformed_model_output"),
        answered(tool_use(), stopReason="malformed_tool_use"),
        answered({"toolUse": {"name": "f"}}),
        answered({"toolUse": {"toolUseId": "a", "name": ""}}),
    ],
)
def test_without_a_usable_message_it_is_an_error(document: object) -> None:
    """A 200 without a message, with a malformed one, or with a call that cannot be answered is a 502."""
    with pytest.raises(UpstreamProtocolError) as raised:
        completion(document)
    assert (raised.value.status, raised.value.bedrock_request_id) == (502, "r")


def test_a_block_is_a_block() -> None:
    """A block has the guardrail's text alone, and is recorded with its findings but without the text found."""
    thinking = {"reasoningContent": {"reasoningText": {"text": "SECRET"}}}
    blocks = ({"text": BLOCKED_WORDS}, thinking, tool_use())
    made = answered(*blocks, stopReason="guardrail_intervened", trace=pii_trace("BLOCKED"))
    seen = as_callers_see(made)
    choice = seen.document["choices"][0]
    assert choice["finish_reason"] == "content_filter"
    assert choice["message"] == {"role": "assistant", "content": BLOCKED_WORDS, "refusal": None}
    assert (seen.guardrail_outcome.action, seen.guardrail_outcome.acted) == (
        "INTERVENED",
        frozenset({"sensitiveInformationPolicy"}),
    )
    assert "SECRET" not in json.dumps(completion(made))
    assert "trace" not in seen.text


@pytest.mark.parametrize(
    ("reason", "trace", "action", "finish"),
    [
        ("guardrail_intervened", None, "INTERVENED", "content_filter"),
        ("end_turn", pii_trace("BLOCKED"), "INTERVENED", "content_filter"),
        ("end_turn", pii_trace("ANONYMIZED"), "MASKED", "stop"),
        ("end_turn", pii_trace("NONE"), "NONE", "stop"),
        ("end_turn", {"guardrail": {}}, "NONE", "stop"),
        ("end_turn", {"promptRouter": {}}, None, "stop"),
        ("end_turn", None, None, "stop"),
    ],
)
def test_the_outcome_is_read_as_from_a_native_answer(
    reason: str, trace: object, action: str | None, finish: str
) -> None:
    """A block, a masked answer, an answer without findings, and one without a guardrail are told apart."""
    seen = as_callers_see(answered(TEXT, stopReason=reason, trace=trace))
    assert seen.guardrail_outcome.action == action
    assert seen.document["choices"][0]["finish_reason"] == finish


@pytest.mark.parametrize(
    ("tier", "becomes"),
    [({"type": "priority"}, "priority"), ({"type": "reserved"}, None), ({"type": []}, None), ("flex", None)],
)
def test_a_tier_is_openais_or_left_out(tier: object, becomes: str | None) -> None:
    """A tier that OpenAI does not have is left out."""
    assert completion(answered(TEXT, serviceTier=tier)).get("service_tier") == becomes


KEYS = st.sampled_from(
    [
        "output",
        "message",
        "content",
        "text",
        "toolUse",
        "toolUseId",
        "name",
        "input",
        "citationsContent",
        "reasoningContent",
        "reasoningText",
        "stopReason",
        "usage",
        "inputTokens",
        "outputTokens",
        "cacheReadInputTokens",
        "trace",
        "guardrail",
        "inputAssessment",
        "outputAssessments",
        "wordPolicy",
        "customWords",
        "action",
        "additionalModelResponseFields",
        "serviceTier",
        "type",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["guardrail_intervened", "malformed_tool_use", "BLOCKED", "flex"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.dictionaries(KEYS, VALUES, max_size=6), st.lists(st.dictionaries(KEYS, VALUES, max_size=3)))
def test_any_json_is_a_valid_completion_or_an_error(
    anything: object, fields: dict[str, Any], blocks: list[dict[str, Any]]
) -> None:
    """Whatever Bedrock sends, the caller gets a completion that strict clients accept, or an error."""
    message = {"output": {"message": {"content": blocks}}}
    for document in (anything, fields, message, {**fields, **message}):
        try:
            made = completion(document)
        except UpstreamProtocolError:
            continue
        assert json.loads(json.dumps(made)) == made
