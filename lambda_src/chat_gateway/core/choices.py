"""The choices of an answer or a chunk, as far as they have the shape of choices."""

from __future__ import annotations

from typing import Any

MAX_CHOICES = 128  # https://platform.openai.com/docs/api-reference/chat/create (n)


def of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of the document's choices that are objects."""
    choices = document.get("choices")
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
