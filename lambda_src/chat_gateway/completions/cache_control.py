"""Removes marks for prompt caching, for models on the native route that refuse them."""

from __future__ import annotations

from typing import Any

_KEY = "cache_control"


def without_cache_control(document: dict[str, Any]) -> dict[str, Any]:
    """The request without `cache_control` on tools and on parts of content; `document` itself if it has none.

    `document` is not changed.
    """
    changes = {"messages": _messages(document.get("messages")), "tools": _unmarked(document.get("tools"))}
    changed = {name: value for name, value in changes.items() if value is not None}
    return {**document, **changed} if changed else document


def _messages(messages: object) -> list[Any] | None:
    """The messages without marks, None if they have none."""
    if not isinstance(messages, list):
        return None
    contents = [
        _unmarked(message.get("content")) if isinstance(message, dict) else None for message in messages
    ]
    if not any(content is not None for content in contents):
        return None
    return [
        message if content is None else {**message, "content": content}
        for message, content in zip(messages, contents, strict=True)
    ]


def _unmarked(items: object) -> list[Any] | None:
    """The parts or tools without their marks, None if they have none."""
    if not isinstance(items, list) or not any(isinstance(item, dict) and _KEY in item for item in items):
        return None
    return [
        {key: value for key, value in item.items() if key != _KEY} if isinstance(item, dict) else item
        for item in items
    ]
