"""Completions that count words as tokens."""

from __future__ import annotations

from typing import Any

from local.bedrock_standin.generators.chat_body import text_of
from local.bedrock_standin.generators.completion import Completion, usage_of

JsonObject = dict[str, Any]


def completion_in_words(body: JsonObject, message: JsonObject, finish_reason: str, words: int) -> Completion:
    """A completion of one choice, with `words` completion tokens."""
    choice = {"finish_reason": finish_reason, "index": 0, "message": message}
    return Completion([choice], usage_in_words(body, words))


def numbered_words(body: JsonObject, count: int) -> Completion:
    """The numbers from 0, each after a space. In a stream they are `count` content events."""
    message = {"content": "".join(f" {number}" for number in range(count)), "role": "assistant"}
    return completion_in_words(body, message, "stop", count)


def usage_in_words(body: JsonObject, completion_words: int) -> JsonObject:
    """OpenAI's `usage`, with words counted as tokens."""
    prompt_words = sum(len(text_of(asked).split()) for asked in body["messages"])
    return usage_of({"prompt_tokens": prompt_words, "completion_tokens": completion_words})
