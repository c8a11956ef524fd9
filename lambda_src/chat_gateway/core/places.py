"""Finds the path of a value in a request, such as `messages[3].content`; used for refused requests only.

A path names a key only if it is a known parameter. Any other key is the caller's own text and becomes `*`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_Path = list[str | int]

# Of https://platform.openai.com/docs/api-reference/chat/create, of a line of batch input, and of batches, uploads and files.
_PARAMETERS = frozenset(
    """
    anchor arguments audio body bytes completion_window content custom_id data description detail endpoint expires_after file
    file_data filename format frequency_penalty function function_call functions image_url input input_audio input_file_id
    json_schema logit_bias logprobs max_completion_tokens max_tokens md5 messages metadata method mime_type model modalities n
    name output_expires_after parallel_tool_calls parameters part_ids prediction presence_penalty properties
    prompt_cache_key purpose reasoning_effort refusal required response_format role safety_identifier schema seconds seed
    service_tier stop store stream stream_options strict temperature text tool_call_id tool_calls tool_choice tools
    top_logprobs top_p type url user verbosity web_search_options
    """.split()  # noqa: SIM905 - one word a line would be too long
)
_MAX_CHARACTERS = 200


class _Pairs(list[tuple[str, Any]]):
    """An object with its repeated keys."""


def of_first(document: Any, holds: Callable[[str], bool]) -> str | None:
    """The path of the first string or key for which `holds` is true: empty at the top, None without one."""
    return next((_written(path) for path, text in _strings(document) if holds(text)), None)


def of_repeated_key(text: str) -> tuple[str, str] | None:
    """The first key that an object in the JSON `text` repeats, and the object's path; None without one."""
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
    """Every string and key, in order, with its path; a key's path is its object's."""
    for path, value in _walk(document):
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            yield from ((path, key) for key in value)


def _walk(document: Any) -> Iterator[tuple[_Path, Any]]:
    """Every value, in order, with its path. The path is one list that changes with each step, to save memory."""
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
