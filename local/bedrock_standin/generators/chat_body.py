"""Reading a chat body in OpenAI's form: its texts and its token limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonObject = dict[str, Any]

TOKEN_LIMITS = ("max_completion_tokens", "max_tokens")  # the first that is given counts


def token_limit(body: JsonObject) -> int | None:
    """The caller's limit on completion tokens, None if it gave none."""
    limits: list[int] = [body[name] for name in TOKEN_LIMITS if body.get(name)]
    return limits[0] if limits else None


def text_of(message: JsonObject) -> str:
    """A message's text: its string content, or its text parts joined by newlines; "" if it has none."""
    return "\n".join(holder[key] for holder, key in texts_of({"messages": [message]}))


def texts_of(body: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    """Where each text of a valid body stands, as (object, key)."""
    for message in body["messages"]:
        content = message.get("content")
        if isinstance(content, str):
            yield message, "content"
        for part in content if isinstance(content, list) else ():
            if part["type"] == "text":
                yield part, "text"
