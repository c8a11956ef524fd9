"""What makes the completions: the echo, and the interface that every generator has."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any, Protocol

from .prompt_text import text_of
from .shapes import Completion, events_of, usage_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

JsonObject = dict[str, Any]


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


class EchoGenerator:
    """Answers "echo: " and the last user message's text; counts whitespace words as tokens.

    With `tools`, unless `tool_choice` is "none", it calls the first function with {"echo": that text}.
    """

    async def start(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""

    async def complete(self, body: JsonObject) -> Completion:
        """The echo, cut after `max_tokens` (or `max_completion_tokens`) words; a tool call is never cut."""
        asked = _last_user_text(body["messages"])
        function = _function_to_call(body)
        if function is not None:
            return _tool_call(body, function, asked)
        text, finish_reason = _limited(f"echo: {asked}", token_limit(body))
        message = {"content": text, "role": "assistant"}
        return _completion(body, message, finish_reason, len(text.split()))

    async def stream(self, body: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The echo, a word per chunk."""
        completion = await self.complete(body)
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
    limit: int | None = body.get("max_completion_tokens") or body.get("max_tokens")
    return limit


def _completion(body: JsonObject, message: JsonObject, finish_reason: str, words: int) -> Completion:
    choice = {"finish_reason": finish_reason, "index": 0, "message": message}
    return Completion([choice], usage_in_words(body, words))


def _tool_call(body: JsonObject, function: str, asked: str) -> Completion:
    arguments = json.dumps({"echo": asked}, ensure_ascii=False)
    call = {
        "id": f"call_{secrets.token_hex(12)}",
        "type": "function",
        "function": {"name": function, "arguments": arguments},
    }
    message = {"content": None, "role": "assistant", "tool_calls": [call]}
    return _completion(body, message, "tool_calls", len(arguments.split()))


def _function_to_call(body: JsonObject) -> str | None:
    """The name of the first function in `tools`; None if there is none or none may be called."""
    tools = body.get("tools")
    if not isinstance(tools, list) or body.get("tool_choice") == "none":
        return None
    functions = [tool.get("function") for tool in tools if isinstance(tool, dict)]
    names = [function.get("name") for function in functions if isinstance(function, dict)]
    return next((name for name in names if isinstance(name, str)), None)


def _last_user_text(messages: list[JsonObject]) -> str:
    asked = [text_of(message) for message in messages if message["role"] == "user"]
    return asked[-1] if asked else ""


def _limited(text: str, words: int | None) -> tuple[str, str]:
    if words is None or len(text.split()) <= words:
        return text, "stop"
    return "".join(re.findall(r"\s*\S+", text)[:words]), "length"
