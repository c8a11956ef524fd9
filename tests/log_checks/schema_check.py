"""Compares log lines with the schema, in microseconds.

The unit tests write thousands of lines. jsonschema needs a millisecond for each of them; a test compares its verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from infra.log_lines.fields import FIELDS
from infra.log_lines.lines import LINES

Check = Callable[[Any], bool]
_TYPES: dict[str, type | tuple[type, ...]] = {
    "array": (list, tuple),
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "string": str,
}
_KNOWN = {
    "type", "const", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "items", "maxItems",
    "properties", "required", "additionalProperties", "propertyNames",
}  # fmt: skip


class _Kind(NamedTuple):
    required: frozenset[str]
    fields: frozenset[str]


def wrong(line: object) -> list[str]:
    """What the schema does not allow of a line, a field at a time; empty if the line is valid."""
    if not isinstance(line, dict):
        return ["the line is no object"]
    message = line.get("message")
    kind = _KINDS.get(message) if message is None or isinstance(message, str) else None
    if kind is None:
        return [f"there is no line {str(message)[:80]!r}"]
    names = line.keys()
    found = [f"{message}: it lacks {name}" for name in kind.required - names]
    found += [f"{message}: it has {str(name)[:80]}" for name in names - kind.fields]
    for name, value in line.items():
        check = _CHECKS.get(name)
        if check is not None and not check(value):
            found.append(f"{message}: {name} is {str(value)[:80]!r}")
    return found


def _compiled(schema: Mapping[str, Any]) -> Check:
    """A function that says whether a value is valid. Raises KeyError for a word of JSON Schema that it does not know."""
    for word in schema.keys() - _KNOWN:
        raise KeyError(word)
    if "const" in schema:
        only = schema["const"]
        return lambda value: type(value) in (type(only), float) and value == only
    if "enum" in schema:
        allowed = frozenset(schema["enum"])  # of texts
        return lambda value: isinstance(value, str) and value in allowed
    return _OF_TYPE[schema["type"]](schema)


def _string(schema: Mapping[str, Any]) -> Check:
    least, most = schema.get("minLength", 0), schema.get("maxLength", 1_000_000)
    matches = re.compile(schema.get("pattern", r"(?s:.*)")).fullmatch
    return lambda value: isinstance(value, str) and least <= len(value) <= most and bool(matches(value))


def _number(schema: Mapping[str, Any]) -> Check:
    least, most = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
    types = _TYPES[schema["type"]]

    def check(value: Any) -> bool:
        return isinstance(value, types) and not isinstance(value, bool) and least <= value <= most

    return check


def _boolean(_: Mapping[str, Any]) -> Check:
    return lambda value: isinstance(value, bool)


def _array(schema: Mapping[str, Any]) -> Check:
    item, most = _compiled(schema["items"]), schema["maxItems"]
    return lambda value: isinstance(value, list | tuple) and len(value) <= most and all(map(item, value))


def _object(schema: Mapping[str, Any]) -> Check:
    properties = {name: _compiled(one) for name, one in schema.get("properties", {}).items()}
    required, others = frozenset(schema.get("required", ())), schema["additionalProperties"]
    other: Check = (lambda _: False) if others is False else _compiled(others)
    name_of = _compiled(schema.get("propertyNames", {"type": "string"}))

    def check(value: Any) -> bool:
        if not isinstance(value, dict) or not required <= value.keys():
            return False
        return all(name_of(name) and properties.get(name, other)(one) for name, one in value.items())

    return check


_OF_TYPE: dict[str, Callable[[Mapping[str, Any]], Check]] = {
    "array": _array,
    "boolean": _boolean,
    "integer": _number,
    "number": _number,
    "object": _object,
    "string": _string,
}
_CHECKS = {name: _compiled(field.schema) for name, field in FIELDS.items()}
_KINDS = {
    line.message: _Kind(frozenset(line.required), frozenset((*line.required, *line.optional)))
    for line in LINES
}
