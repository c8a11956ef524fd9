"""Rounds the numbers of a document of results."""

from __future__ import annotations

from typing import Any

_DIGITS = 3


def rounded(value: Any) -> Any:
    """The same JSON value with fractions of three digits. Keys of objects become texts."""
    if isinstance(value, dict):
        return {str(key): rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return round(value, _DIGITS) if isinstance(value, float) else value
