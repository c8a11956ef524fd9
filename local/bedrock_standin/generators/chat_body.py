"""Reads the texts and the token limit of a chat body in OpenAI's form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonObject = dict[str, Any]

TOKEN_LIMITS = ("max_completion_tokens", "max_tokens")  # the first one that is set is used


def token_limit(body: JsonObject) -> int | None:
    """The caller's limit on completion tokens; None if there is none."""
    limits: list[int] = [body[name] for name in TOKEN_LIMITS if body.get(name)]
    return limits[0] if limits else None


def text_of(message: JsonObject) -> str:
    """A message's text: its string content, or its text parts joined by newlines; "" if it has none."""
    return "\n".join(holder[key] for holder, key in texts_of({"messages": [message]}))


def texts_of(body: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    """The place of each text in a valid body, as (object, key)."""
    for message in body["messages"]:
        content = message.get("content")
        if isinstance(content, str):
            yield message, "content"
        for part in content if isinstance(content, list) else ():
            if part["type"] == "text":
                yield part, "text"
