"""The tokens of a request, as an answer's `usage` counts them.

https://platform.openai.com/docs/api-reference/chat/object
"""

from __future__ import annotations

from typing import NamedTuple

_MAX_COUNT = 2**53  # larger numbers are not exact in every JSON reader


class Usage(NamedTuple):
    """The tokens of a request. Cached and cache-write tokens are parts of the prompt's, reasoning tokens of the completion's."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


def usage_of(document: object) -> Usage | None:
    """The tokens in OpenAI's `usage` object; None if it does not count prompt and completion.

    A part without a usable count is 0, and no part is larger than the whole.
    """
    if not isinstance(document, dict):
        return None
    prompt, completion = _count(document.get("prompt_tokens")), _count(document.get("completion_tokens"))
    if prompt is None or completion is None:
        return None
    of_prompt, of_completion = "prompt_tokens_details", "completion_tokens_details"
    cached = min(_part(document.get(of_prompt), "cached_tokens"), prompt)
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
        cache_write_tokens=min(_part(document.get(of_prompt), "cache_write_tokens"), prompt - cached),
        reasoning_tokens=min(_part(document.get(of_completion), "reasoning_tokens"), completion),
    )


def _part(details: object, name: str) -> int:
    return (_count(details.get(name)) if isinstance(details, dict) else None) or 0


def _count(value: object) -> int | None:
    # bool is a kind of int.
    return value if type(value) is int and 0 <= value <= _MAX_COUNT else None
