"""What makes the completions: the echo, and the interface that every generator has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from .prompt_text import text_of
from .shapes import Completion, pieces_of, usage_of

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
    """Answers "echo: " and the last user message's text; counts whitespace words as tokens."""

    async def start(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""

    async def complete(self, body: JsonObject) -> Completion:
        """The echo, cut after `max_tokens` (or `max_completion_tokens`) words."""
        text, finish_reason = _limited(_echo(body["messages"]), token_limit(body))
        prompt_words = sum(len(text_of(message).split()) for message in body["messages"])
        choice = {
            "finish_reason": finish_reason,
            "index": 0,
            "message": {"content": text, "role": "assistant"},
        }
        return Completion(
            [choice], usage_of({"prompt_tokens": prompt_words, "completion_tokens": len(text.split())})
        )

    async def stream(self, body: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The echo, a word per chunk."""
        completion = await self.complete(body)
        choice = completion.choices[0]
        yield _chunk({"role": "assistant", "content": ""})
        for piece in pieces_of(choice["message"]["content"]):
            yield _chunk({"content": piece})
        yield _chunk({}, choice["finish_reason"])
        if (body.get("stream_options") or {}).get("include_usage"):
            yield {"choices": [], "usage": completion.usage}


def token_limit(body: JsonObject) -> int | None:
    """The caller's limit on completion tokens, None if it gave none."""
    limit: int | None = body.get("max_completion_tokens") or body.get("max_tokens")
    return limit


def _echo(messages: list[JsonObject]) -> str:
    asked = [text_of(message) for message in messages if message["role"] == "user"]
    return f"echo: {asked[-1] if asked else ''}"


def _limited(text: str, words: int | None) -> tuple[str, str]:
    if words is None or len(text.split()) <= words:
        return text, "stop"
    return "".join(re.findall(r"\s*\S+", text)[:words]), "length"


def _chunk(delta: JsonObject, finish_reason: str | None = None) -> JsonObject:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}
