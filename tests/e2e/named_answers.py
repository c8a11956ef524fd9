"""Asks for a model name with the OpenAI SDK, and keeps what came back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from openai import APIStatusError, OpenAI

from local.demonstration import request_logs
from local.stack.local_stack import LocalStack

MESSAGES: Any = [{"role": "user", "content": "one two three"}]
ECHO = "echo: one two three"


@dataclass(frozen=True)
class Asked:
    """What a caller got. `pieces` are the chunks of a stream, or the one answer."""

    pieces: list[Any]
    headers: dict[str, str]

    @property
    def text(self) -> str:
        """The text of the answer."""
        return "".join(part.content or "" for part in self.parts())

    @property
    def models(self) -> set[str]:
        """The models that the answer and each of its chunks name."""
        return {piece.model for piece in self.pieces}

    def parts(self) -> list[Any]:
        """The message, or the deltas of a stream."""
        choices = [choice for piece in self.pieces for choice in piece.choices]
        return [choice.delta if hasattr(choice, "delta") else choice.message for choice in choices]


def ask(client: OpenAI, model: str, *, streams: bool = False, **options: Any) -> Asked:
    """The whole answer, or the whole stream."""
    body = {"model": model, "messages": MESSAGES, "stream": streams, **options}
    raw = client.chat.completions.with_raw_response.create(**body)
    answer: Any = raw.parse()
    return Asked(list(answer) if streams else [answer], dict(raw.headers))


def log_of(stack: LocalStack, asked: Asked) -> dict[str, Any]:
    """The log line of the request."""
    return request_logs.chat_line(stack, asked.headers["x-request-id"])


def error_of(client: OpenAI, model: str, **options: Any) -> APIStatusError:
    """The error that the request gets."""
    with pytest.raises(APIStatusError) as caught:
        ask(client, model, **options)
    return caught.value
