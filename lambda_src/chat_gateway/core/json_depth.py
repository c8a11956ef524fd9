"""Limits how deep JSON is nested, since other readers fail on deeper JSON, and counts its objects and lists."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 100


def is_too_deep(document: Any) -> bool:
    """Whether objects and lists are nested more than 100 deep in the parsed `document`, which counts as one level."""
    return nesting(document)[0] > MAX_DEPTH


def nesting(document: Any) -> tuple[int, int]:
    """How deep objects and lists are nested in the parsed `document`, and how many there are.

    Deeper levels than 101 are not looked at.
    """
    level: list[Any] = [document] if isinstance(document, dict | list) else []
    depth = count = 0
    while level and depth <= MAX_DEPTH:
        depth, count = depth + 1, count + len(level)
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
    return depth, count
