"""What makes the completions: the echo, and the interface that every generator has."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Protocol

from local.bedrock_standin.chat_answers.answer import Completion, events_of, usage_of
from local.bedrock_standin.chat_completions.prompt_text import text_of
from local.bedrock_standin.generators.schema_examples import arguments_of
from local.bedrock_standin.generators.tools import call_message, callable_tools

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from local.bedrock_standin.generators.tools import Tool

JsonObject = dict[str, Any]

TOKEN_LIMITS = ("max_completion_tokens", "max_tokens")  # the first that is given counts


class Generator(Protocol):
    """Makes completions from a chat body without the stand-in's own keys."""

    async def start(self) -> None:
        """Become able to answer."""

    async def close(self) -> None:
        """Let go of everything `start` took."""

    async def complete(self, body: JsonObject) -> Completion:
        """One whole completion. Raises RefusalError: 400 if the body is refused, 503 without an answer."""

    def stream(self, body: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """OpenAI's chunks as they are made. Raises as `complete` does."""


class GeneratorAround:
    """A generator that asks another one, which it starts and closes."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator

    async def start(self) -> None:
        """Start the other one."""
        await self.generator.start()

    async def close(self) -> None:
        """Close the other one."""
        await self.generator.close()


class EchoGenerator:
    """Answers "echo: " and the last user message's text; counts whitespace words as tokens.

    Where `tool_choice` allows one, it calls the first tool, with arguments that the tool's parameters allow and that
    text for their strings.
    """

    async def start(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""

    async def complete(self, body: JsonObject) -> Completion:
        """The echo, cut after `max_tokens` (or `max_completion_tokens`) words; a tool call is never cut."""
        asked = _last_user_text(body["messages"])
        tools = callable_tools(body)
        if tools:
            return _tool_call(body, tools[0], asked)
        text, finish_reason = _limited(f"echo: {asked}", token_limit(body))
        message = {"content": text, "role": "assistant"}
        return _completion(body, message, finish_reason, len(text.split()))

    def stream(self, body: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The echo, a word per chunk."""
        return chunks_when_whole(self, body)


async def chunks_when_whole(generator: Generator, body: JsonObject) -> AsyncGenerator[JsonObject, None]:
    """OpenAI's chunks of a whole completion, with the usage where `body` asks for it. Raises as `complete` does."""
    completion = await generator.complete(body)
    for event in events_of(completion.choices[0]):
        yield {"choices": [event]}
    if (body.get("stream_options") or {}).get("include_usage"):
        yield {"choices": [], "usage": completion.usage}


def numbered_words(body: JsonObject, count: int) -> Completion:
    """The numbers from 0, a space before each: they stream in `count` content events."""
    message = {"content": "".join(f" {number}" for number in range(count)), "role": "assistant"}
    return _completion(body, message, "stop", count)


def usage_in_words(body: JsonObject, completion_words: int) -> JsonObject:
    """OpenAI's `usage` with words for tokens."""
    prompt_words = sum(len(text_of(asked).split()) for asked in body["messages"])
    return usage_of({"prompt_tokens": prompt_words, "completion_tokens": completion_words})


def token_limit(body: JsonObject) -> int | None:
    """The caller's limit on completion tokens, None if it gave none."""
    limits: list[int] = [body[name] for name in TOKEN_LIMITS if body.get(name)]
    return limits[0] if limits else None


def _completion(body: JsonObject, message: JsonObject, finish_reason: str, words: int) -> Completion:
    choice = {"finish_reason": finish_reason, "index": 0, "message": message}
    return Completion([choice], usage_in_words(body, words))


def _tool_call(body: JsonObject, tool: Tool, asked: str) -> Completion:
    arguments = json.dumps(arguments_of(tool.parameters, asked), ensure_ascii=False)
    return _completion(body, call_message(tool, arguments), "tool_calls", len(arguments.split()))


def _last_user_text(messages: list[JsonObject]) -> str:
    asked = [text_of(message) for message in messages if message["role"] == "user"]
    return asked[-1] if asked else ""


def _limited(text: str, words: int | None) -> tuple[str, str]:
    if words is None or len(text.split()) <= words:
        return text, "stop"
    return "".join(re.findall(r"\s*\S+", text)[:words]), "length"
