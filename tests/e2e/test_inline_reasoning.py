"""A model that writes its reasoning into `content`, through the deployed stack."""

from __future__ import annotations

from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

from local.bedrock_standin.chat_completions.inline_reasoning import REASONING

MODEL = "openai.gpt-oss-120b-1:0"
MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": "one two three"}]


def test_reasoning_stands_beside_content(client: OpenAI) -> None:
    """A caller gets the reasoning in its own field, and `content` without it."""
    message = client.chat.completions.create(model=MODEL, messages=MESSAGES).choices[0].message
    assert message.content == "echo: one two three"
    assert (message.model_extra or {})["reasoning_content"] == REASONING


def test_streamed_reasoning_stands_beside_content(client: OpenAI) -> None:
    """In a stream, whose tags arrive in pieces, the reasoning also has its own field."""
    chunks = client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == "echo: one two three"
    reasoning = [(delta.model_extra or {}).get("reasoning_content") or "" for delta in deltas]
    assert "".join(reasoning) == REASONING


def test_reasoning_cut_short_is_no_content(client: OpenAI) -> None:
    """If a token limit ends an answer within its reasoning, `content` is empty."""
    choice = client.chat.completions.create(model=MODEL, messages=MESSAGES, max_tokens=3).choices[0]
    assert (choice.finish_reason, choice.message.content) == ("length", "")
    assert (choice.message.model_extra or {})["reasoning_content"] == "The user wants"
