"""Models that write their reasoning into `content`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local.bedrock_standin.chat_completions.inline_reasoning import REASONING

if TYPE_CHECKING:
    from tests.unit.bedrock_standin.conftest import Ask

MODELS = ["openai.gpt-oss-120b-1:0", "us.openai.gpt-oss-120b-1:0", "openai.gpt-oss-safeguard-20b"]
SAID = f"<reasoning>{REASONING}</reasoning>echo: hello"


def content_pieces(ask: Ask, **changes: Any) -> list[str]:
    """The `content` of a stream's events, in order."""
    *events, _, _ = ask("hello", stream=True, model=MODELS[0], **changes).text.split("\n\n")
    choices = [json.loads(event.removeprefix("data: "))["choices"][0] for event in events]
    return [choice["delta"]["content"] for choice in choices if choice["delta"].get("content")]


@pytest.mark.parametrize("model", MODELS)
def test_reasoning_stands_before_the_answer(ask: Ask, model: str) -> None:
    """Reasoning is in `content`, in its tags, and its tokens are counted."""
    answer = ask("hello", model=model).json()
    assert answer["choices"][0]["message"] == {"content": SAID, "role": "assistant"}
    assert answer["usage"]["completion_tokens"] == len(REASONING.split()) + 2


@pytest.mark.parametrize("model", ["openai.gpt-oss-20b-1:0", "qwen.qwen3-32b-v1:0"])
def test_other_models_answer_plainly(ask: Ask, model: str) -> None:
    """Other models answer without reasoning, also in a stream."""
    assert ask("hello", model=model).json()["choices"][0]["message"]["content"] == "echo: hello"
    assert "<reas" not in ask("hello", model=model, stream=True).text


@pytest.mark.parametrize("guarding", [False, True])
def test_streamed_tags_come_in_pieces(ask: Ask, guarded: dict[str, str], *, guarding: bool) -> None:
    """Each tag is split over several events, which join to the same text."""
    pieces = content_pieces(ask, headers=guarded if guarding else {})
    assert "".join(pieces) == SAID
    assert not any("<reasoning>" in piece or "</reasoning>" in piece for piece in pieces)


def test_a_guardrail_reads_reasoning_too(ask: Ask, guarded: dict[str, str], guardrails: Any) -> None:
    """A guardrail checks the reasoning as a part of the answer."""
    ask("hello", model=MODELS[0], headers=guarded)
    assert guardrails.asked[-1] == ("OUTPUT", [SAID])


def test_a_limit_may_end_it_in_its_reasoning(ask: Ask) -> None:
    """A token limit may end the answer within its reasoning; the tag is then never closed."""
    choice = ask(model=MODELS[0], max_tokens=3).json()["choices"][0]
    assert choice["finish_reason"] == "length"
    assert choice["message"]["content"] == "<reasoning>The user wants"
    assert "".join(content_pieces(ask, max_tokens=3)) == "<reasoning>The user wants"


def test_a_limit_leaves_the_rest_to_the_answer(ask: Ask) -> None:
    """The reasoning's tokens count against the limit of the answer."""
    limit = len(REASONING.split()) + 1
    choice = ask("hello", model=MODELS[0], max_completion_tokens=limit).json()["choices"][0]
    assert choice["message"]["content"] == f"<reasoning>{REASONING}</reasoning>echo:"
    assert choice["finish_reason"] == "length"


def test_reasoning_stands_beside_a_tool_call(ask: Ask) -> None:
    """Beside a tool call, `content` is the reasoning alone."""
    tool = {"type": "function", "function": {"name": "f"}}
    message = ask(model=MODELS[0], tools=[tool]).json()["choices"][0]["message"]
    assert message["content"] == f"<reasoning>{REASONING}</reasoning>"
    assert message["tool_calls"][0]["function"]["name"] == "f"
