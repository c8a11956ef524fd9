"""Says where in a request something stands, such as `messages[3].content`; only a request that is refused is looked through.

A key is named where it is a parameter's; any other is the caller's own word, and becomes `*`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_Path = tuple[str | int, ...]

# https://platform.openai.com/docs/api-reference/chat/create, and a line of batch input.
_PARAMETERS = frozenset(
    """
    arguments audio body content custom_id data description detail file file_data filename format frequency_penalty
    function function_call functions image_url input input_audio json_schema logit_bias logprobs max_completion_tokens
    max_tokens messages metadata method model modalities n name parallel_tool_calls parameters prediction
    presence_penalty properties prompt_cache_key reasoning_effort refusal required response_format role
    safety_identifier schema seed service_tier stop store stream stream_options strict temperature text tool_call_id
    tool_calls tool_choice tools top_logprobs top_p type url user verbosity web_search_options
    """.split()  # noqa: SIM905 - one word a line would be a page
)
_MAX_CHARACTERS = 200


class _Pairs(list[tuple[str, Any]]):
    """An object with all that it repeats."""


def of_first(document: Any, holds: Callable[[str], bool]) -> str | None:
    """Where the first string or key stands of which `holds` is true; None where there is none."""
    return next((_written(path) for path, text in _strings(document) if holds(text)), None)


def of_repeated_key(text: str) -> tuple[str, str] | None:
    """The first key that an object repeats, and where that object stands; None where there is none."""
    waiting: list[tuple[_Path, Any]] = [((), json.loads(text, object_pairs_hook=_Pairs))]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, _Pairs):
            repeated = _repeated(key for key, _ in value)
            if repeated is not None:
                return _segment(repeated), _written(path)
            waiting.extend(((*path, key), inner) for key, inner in reversed(value))
        elif isinstance(value, list):
            waiting.extend(((*path, index), value[index]) for index in reversed(range(len(value))))
    return None


def _repeated(keys: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    return None


def _strings(document: Any) -> Iterator[tuple[_Path, str]]:
    """Every string and key, in order, and where it stands; a key stands in its object."""
    waiting: list[tuple[_Path, Any]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            yield from ((path, key) for key in value)
            waiting.extend(((*path, key), value[key]) for key in reversed(value))
        elif isinstance(value, list):
            waiting.extend(((*path, index), value[index]) for index in reversed(range(len(value))))


def _written(path: _Path) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_segment(part)}" for part in path)
    return text.removeprefix(".")[:_MAX_CHARACTERS] or "the request"


def _segment(key: str) -> str:
    return key if key in _PARAMETERS else "*"
