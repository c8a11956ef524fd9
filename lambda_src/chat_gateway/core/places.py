"""Says where in a request something stands, such as `messages[3].content`; only a request that is refused is looked through.

A key is named where it is a parameter's; any other is the caller's own word, and becomes `*`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_Path = list[str | int]

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
    """Where the first string or key stands of which `holds` is true: empty at the top, None where there is none."""
    return next((_written(path) for path, text in _strings(document) if holds(text)), None)


def of_repeated_key(text: str) -> tuple[str, str] | None:
    """The first key that an object of the JSON `text` repeats, and where that object stands; None where there is none."""
    for path, value in _walk(json.loads(text, object_pairs_hook=_Pairs)):
        if isinstance(value, _Pairs) and (repeated := _repeated(key for key, _ in value)) is not None:
            return _segment(repeated), _written(path)
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
    for path, value in _walk(document):
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            yield from ((path, key) for key in value)


def _walk(document: Any) -> Iterator[tuple[_Path, Any]]:
    """Every value, in order, and its path, which is good until the next: a path for each would fill the memory."""
    path: _Path = []
    yield path, document
    levels = [_items(document)]
    while levels:
        for key, value in levels[-1]:
            path.append(key)
            yield path, value
            levels.append(_items(value))
            break
        else:
            levels.pop()
            del path[-1:]


def _items(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, _Pairs):
        return iter(value)
    if isinstance(value, dict):
        return iter(value.items())
    return iter(enumerate(value)) if isinstance(value, list) else iter(())


def _written(path: _Path) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_segment(part)}" for part in path)
    return text.removeprefix(".")[:_MAX_CHARACTERS]


def _segment(key: str) -> str:
    return key if key in _PARAMETERS else "*"
