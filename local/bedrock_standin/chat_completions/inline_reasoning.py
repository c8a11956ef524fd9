"""Puts reasoning before the answer in `content`, as some models do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.bedrock_standin.chat_completions.families import GPT_OSS, without_geography
from local.bedrock_standin.generators.chat_body import token_limit
from local.bedrock_standin.generators.completion import Completion, usage_of
from local.bedrock_standin.generators.generator import GeneratorAround, chunks_when_whole
from local.bedrock_standin.generators.words import usage_in_words

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

JsonObject = dict[str, Any]

# On bedrock-runtime all gpt-oss models do this (recorded 2026-08-22). Here openai.gpt-oss-20b-1:0 does not, because most
# tests and the demonstration use that id and compare the whole answer.
_REASONING_MODELS = (f"{GPT_OSS}120b", f"{GPT_OSS}safeguard-")
REASONING = "The user wants an answer. 1 < 2, so I give one."


class InlineReasoning(GeneratorAround):
    """A generator's completions, with reasoning if the body's model writes it. The reasoning's words count as tokens."""

    async def complete(self, body: JsonObject) -> Completion:
        """One whole completion. A token limit may end it within the reasoning. Raises the generator's errors."""
        if not _reasons(body):
            return await self.generator.complete(body)
        words, limit = REASONING.split(), token_limit(body)
        if limit is None:
            return _behind_reasoning(await self.generator.complete(body))
        if limit <= len(words):
            return _cut(body, words[:limit])
        left = body | {"max_completion_tokens": limit - len(words)}
        return _behind_reasoning(await self.generator.complete(left))

    def stream(self, body: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """OpenAI's chunks. With reasoning, they come after the whole completion. Raises the generator's errors."""
        return chunks_when_whole(self, body) if _reasons(body) else self.generator.stream(body)


def _reasons(body: JsonObject) -> bool:
    return without_geography(body["model"]).startswith(_REASONING_MODELS)


def _behind_reasoning(completion: Completion) -> Completion:
    """Adds the reasoning. [?] Also to tool calls, where `content` has only the reasoning."""
    for choice in completion.choices:
        message = choice["message"]
        message["content"] = f"<reasoning>{REASONING}</reasoning>{message['content'] or ''}"
    usage = completion.usage
    tokens = usage["completion_tokens"] + len(REASONING.split())
    return Completion(completion.choices, usage_of(usage | {"completion_tokens": tokens}))


def _cut(body: JsonObject, words: list[str]) -> Completion:
    message = {"content": f"<reasoning>{' '.join(words)}", "role": "assistant"}
    choice = {"finish_reason": "length", "index": 0, "message": message}
    return Completion([choice], usage_in_words(body, len(words)))
