"""Removes parameters that only repeat a default, because Bedrock refuses some parameters with any value.

The defaults: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Any

# A parameter, its default, and the models that refuse the parameter with any value.
_DEFAULTS: tuple[tuple[str, object, str], ...] = (
    ("n", 1, "every model refuses n on chat completions, recorded 2026-08-22"),
    ("logit_bias", {}, "gpt-oss refuses logit_bias, recorded 2026-08-22"),
    ("presence_penalty", 0, "Grok answers 503 to penalties, recorded 2026-08-22"),
    ("frequency_penalty", 0, "Grok answers 503 to penalties, recorded 2026-08-22"),
)


def without_defaults(document: dict[str, Any]) -> dict[str, Any]:
    """`document` without the listed parameters that have their default."""
    said = [
        name for name, default, _ in _DEFAULTS if name in document and _is_default(document[name], default)
    ]
    return {key: value for key, value in document.items() if key not in said} if said else document


def _is_default(value: object, default: object) -> bool:
    """Whether `value` is the default, or null, which OpenAI treats as the default."""
    return value is None or (value == default and not isinstance(value, bool))
