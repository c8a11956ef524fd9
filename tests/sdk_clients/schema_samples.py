"""A value for a JSON schema, with the prompt's words and numbers if they fit. Pure."""

from __future__ import annotations

import re
from typing import Any

Schema = dict[str, Any]

_QUOTED = re.compile(r"['\"`]([^'\"`]+)['\"`]")
_WHOLE_NUMBER = re.compile(r"-?\d+")


def quoted_words(prompt: str) -> list[str]:
    """The words between quotes."""
    return _QUOTED.findall(prompt)


def quoted(word: str) -> str:
    """A prompt with this word between quotes."""
    return f"'{word}'"


def sample(schema: Schema, prompt: str) -> Any:
    """A value that `schema` allows. Knows the parts of JSON schema that clients send for tools and answers."""
    return _value(schema, schema.get("$defs", {}), prompt)


def _value(schema: Schema, definitions: dict[str, Schema], prompt: str) -> Any:
    if "$ref" in schema:
        return _value(definitions[schema["$ref"].rpartition("/")[2]], definitions, prompt)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return _value(choices[0], definitions, prompt)
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        return {name: _value(inner, definitions, prompt) for name, inner in properties.items()}
    if schema.get("type") == "array":
        return [_value(schema.get("items", {}), definitions, prompt)]
    return _scalar(schema.get("type"), prompt)


def _scalar(kind: object, prompt: str) -> Any:
    if kind in ("integer", "number"):
        return int((_WHOLE_NUMBER.findall(prompt) or ["1"])[0])
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    return (quoted_words(prompt) or ["some words"])[0]
