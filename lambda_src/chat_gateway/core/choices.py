"""Reads the choices of a completion or a stream's chunk."""

from __future__ import annotations

from typing import Any

MAX_CHOICES = 128  # https://platform.openai.com/docs/api-reference/chat/create (n)


def of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The document's choices, without those that are not objects."""
    choices = document.get("choices")
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
