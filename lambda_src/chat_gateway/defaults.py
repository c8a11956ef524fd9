"""Leaves out what a caller says that only repeats a default: Bedrock refuses some parameters whatever their value.

Everything else goes up as it came. The defaults: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Any, NamedTuple


class _Default(NamedTuple):
    name: str
    value: object
    source: str  # who refuses the parameter, and when that was seen


_DEFAULTS = (
    _Default("n", 1, "every model refuses n on chat completions, recorded 2026-08-22"),
    _Default("logit_bias", {}, "gpt-oss refuses logit_bias, recorded 2026-08-22"),
    _Default("presence_penalty", 0, "Grok answers 503 to penalties, recorded 2026-08-22"),
    _Default("frequency_penalty", 0, "Grok answers 503 to penalties, recorded 2026-08-22"),
)


def without_defaults(document: dict[str, Any]) -> dict[str, Any]:
    """`document` without the parameters that have one of the listed defaults."""
    said = [default.name for default in _DEFAULTS if _is_said(document, default)]
    return {key: value for key, value in document.items() if key not in said} if said else document


def _is_said(document: dict[str, Any], default: _Default) -> bool:
    """Whether the parameter is there, with its default or with null, which OpenAI takes for it."""
    if default.name not in document:
        return False
    value = document[default.name]
    return value is None or (value == default.value and not isinstance(value, bool))
