"""How deep JSON may be nested: deeper, other readers give up."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 100


def is_too_deep(document: Any) -> bool:
    """Whether objects and lists stand more than 100 deep in the parsed `document`, itself counted where it is one."""
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
