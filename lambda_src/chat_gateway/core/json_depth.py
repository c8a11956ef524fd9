"""Limits how deep JSON may be nested: other readers fail on deeper JSON."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 100


def is_too_deep(document: Any) -> bool:
    """Whether objects and lists are nested more than 100 deep in the parsed `document`, which counts as one level."""
    level: list[Any] = [document] if isinstance(document, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
