"""Every string of a chat request that could reach the model without being a message's text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
# Parameters that steer or label a request and are no part of a prompt.
_NO_PROMPT = frozenset(
    {
        "model",
        "user",
        "safety_identifier",
        "metadata",
        "prompt_cache_key",
        "prompt_cache_retention",
        "service_tier",
        "modalities",
        "stop",
        "stream_options",
        "logit_bias",
    }
)
# Words of the format and of JSON Schema: said in every request that uses them, and by nobody in particular.
_FORMAT_WORDS = frozenset(
    """
    $defs $ref additionalProperties allOf anyOf arguments array assistant auto boolean const content
    custom default definitions description developer enum exclusiveMaximum exclusiveMinimum false file
    file_data file_id filename format function function_call functions high id image_url input_audio
    integer items json json_object json_schema low maximum maxItems maxLength medium messages minimal
    minimum minItems minLength multipleOf name none not null number object oneOf parameters pattern
    prefixItems properties refusal required response_format role schema strict string system text title
    tool tool_call_id tool_calls tool_choice tools true type uniqueItems url user
    """.split()  # noqa: SIM905 - one word a line would be a page
)
_MEDIA = frozenset({"image_url", "input_audio", "file"})
_ENCODED = re.compile(r"data:(image|audio|application/pdf)[^,]*,[A-Za-z0-9+/=_-]*|[A-Za-z0-9+/=_-]{64,}")


def is_text_part(part: object) -> bool:
    """Whether a part of a message's content is `{"type": "text", "text": …}`."""
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)


def outside_content(document: Mapping[str, Any]) -> list[str]:
    """The strings, keys and numbers of a body that are no message's text, each once, in order.

    Left out are parameters that are no part of a prompt, the format's own words, and media.
    """
    found: dict[str, None] = {}
    for key, value in document.items():
        if key == "messages":
            values: list[Any] = [_without_text(message) for message in value]
        else:
            # A number at the top steers the model; one in a tool's schema is read by it.
            is_prompt = key not in _NO_PROMPT and not isinstance(value, int | float)
            values = [value] if is_prompt else []
        for string in _strings(values):
            if string.strip() and string not in _FORMAT_WORDS:
                found.setdefault(string)
    return list(found)


def unescaped(text: str) -> Iterator[str]:
    r"""`text` with its `\uXXXX` read, if it has any: what JSON inside of a string says."""
    if "\\" in text:
        halves = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
        # Two escapes may be the halves of one character; half a character is none.
        yield halves.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _without_text(message: Mapping[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    rest = {key: value for key, value in message.items() if key != "content"}
    if isinstance(content, list):
        return {**rest, "content": [_part_without_text(part) for part in content]}
    return rest if isinstance(content, str) else dict(message)


def _part_without_text(part: Any) -> Any:
    if is_text_part(part):
        return {key: value for key, value in part.items() if key != "text"}
    return _without_media(part) if isinstance(part, dict) and part.get("type") in _MEDIA else part


def _without_media(value: Any) -> Any:
    """The same without what only an image, a sound or a document can be."""
    if isinstance(value, dict):
        return {key: _without_media(inner) for key, inner in value.items()}
    return None if isinstance(value, str) and _ENCODED.fullmatch(value) else value


def _strings(values: list[Any]) -> Iterator[str]:
    """Every string, key and number in nested JSON values, in order."""
    waiting = values[::-1]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
            yield from unescaped(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield str(value)
        elif isinstance(value, dict):
            waiting.extend(inner for key in reversed(value) for inner in (value[key], key))
        elif isinstance(value, list):
            waiting.extend(reversed(value))
