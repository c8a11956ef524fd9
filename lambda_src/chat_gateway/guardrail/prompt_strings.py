"""Finds every string of a chat request, other than the text of messages, that could reach the model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
# Parameters that steer or label a request and are not part of the prompt.
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
# Words of the request format and of JSON Schema, which are not the caller's text.
_FORMAT_WORDS = frozenset(
    """
    $defs $ref 1h 5m additionalProperties allOf anyOf arguments array assistant auto boolean cache_control const
    content custom data default definitions description detail developer enum ephemeral exclusiveMaximum exclusiveMinimum
    false file file_data file_id filename format function function_call functions high id image_url
    input_audio integer items json json_object json_schema low maximum maxItems maxLength medium messages
    minimal minimum minItems minLength mp3 multipleOf name none not null number object oneOf parameters
    pattern prefixItems properties refusal required response_format role schema strict string system text
    title tool tool_call_id tool_calls tool_choice tools true ttl type uniqueItems url user wav xhigh
    """.split()  # noqa: SIM905 - one word a line would be too long
)
# By type of a content part, the field that holds base64: https://platform.openai.com/docs/api-reference/chat/create
_ENCODED_AT = {"image_url": "url", "input_audio": "data", "file": "file_data"}
# https://www.rfc-editor.org/rfc/rfc2397
_DATA_URL_HEAD = re.compile(r"data:[a-z]{1,16}/[A-Za-z0-9.+-]{1,80};base64")
_COMMON_HEADS = frozenset(
    f"data:{media_type};base64"
    for media_type in (
        "application/pdf",
        "audio/mp3",
        "audio/mpeg",
        "audio/wav",
        "image/gif",
        "image/jpeg",
        "image/jpg",
        "image/png",
        "image/webp",
    )
)
_BASE64 = re.compile(r"[A-Za-z0-9+/]++={0,2}")


def is_text_part(part: object) -> bool:
    """Whether a part of a message's content is `{"type": "text", "text": …}`."""
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)


def outside_content(document: Mapping[str, Any]) -> list[str]:
    """The strings, keys and numbers of a body, without the text of messages, each once and in order.

    Left out are parameters that are not part of the prompt, the format's own words, and base64 media in the API's media
    fields, which docs/guardrails.md lists.
    """
    found: dict[str, None] = {}
    for key, value in document.items():
        if key == "messages":
            values: list[Any] = [_without_text(message) for message in value]
        else:
            # A number at the top level steers the model; the model reads a number in a tool's schema.
            is_prompt = key not in _NO_PROMPT and not isinstance(value, int | float)
            values = [value] if is_prompt else []
        for string in strings(values):
            if string.strip() and string not in _FORMAT_WORDS:
                found.setdefault(string)
    return list(found)


def unescaped(text: str) -> Iterator[str]:
    r"""`text` with its `\uXXXX` escapes decoded, if it has a backslash: for JSON inside of a string."""
    if "\\" in text:
        halves = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
        # Two escapes may be a surrogate pair; an unpaired surrogate is replaced.
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
    kind = part.get("type") if isinstance(part, dict) else None
    key = _ENCODED_AT.get(kind) if isinstance(kind, str) else None
    medium = part.get(kind) if key is not None else None
    if isinstance(medium, dict) and isinstance(medium.get(key), str):
        return {**part, kind: {**medium, key: _without_base64(medium[key], is_url=kind == "image_url")}}
    return part


def _without_base64(value: str, *, is_url: bool) -> str:
    """The text in a media field: empty, the head of an uncommon data URL, or the whole value if it is not base64."""
    head, comma, encoded = value.rpartition(",")
    may_be_encoded = _DATA_URL_HEAD.fullmatch(head) is not None if comma else not is_url
    if not may_be_encoded or len(encoded) % 4 or not _BASE64.fullmatch(encoded):
        return value
    return "" if head in _COMMON_HEADS else head


def strings(values: list[Any]) -> Iterator[str]:
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
