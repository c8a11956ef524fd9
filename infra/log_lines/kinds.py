"""The kinds of values that log fields have, as JSON Schema."""

from __future__ import annotations

from typing import Any, NamedTuple

Schema = dict[str, Any]

# Larger numbers are not exact in every JSON reader.
_MAX_INTEGER = 2**53
_VISIBLE = "[!-~]"


class Field(NamedTuple):
    """A field of a log line. `semantic_name` is OpenTelemetry's name of the same value; None if it has none."""

    schema: Schema
    description: str
    semantic_name: str | None = None


def text(pattern: str) -> Schema:
    """Text that matches the whole pattern."""
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


def visible(most: int) -> Schema:
    """Text of at most `most` visible ASCII characters: a name or an id, and no sentence."""
    return text(f"{_VISIBLE}{{1,{most}}}")


def sentence(most: int) -> Schema:
    """Text in the gateway's own words, of at most `most` characters."""
    return {"type": "string", "minLength": 1, "maxLength": most}


def one_of(*values: str) -> Schema:
    """One of these texts."""
    return {"enum": [*values]}


def count(least: int = 0) -> Schema:
    """A whole number."""
    return {"type": "integer", "minimum": least, "maximum": _MAX_INTEGER}


def number() -> Schema:
    """A number that is not negative."""
    return {"type": "number", "minimum": 0}


def status() -> Schema:
    """An HTTP status."""
    return {"type": "integer", "minimum": 100, "maximum": 599}


def flag() -> Schema:
    """true or false."""
    return {"type": "boolean"}


def true() -> Schema:
    """true. The field is missing otherwise."""
    return {"const": True}


def one() -> Schema:
    """1. The field is missing otherwise."""
    return {"const": 1}


def items(schema: Schema, *, most: int) -> Schema:
    """A list of at most `most` values."""
    return {"type": "array", "items": schema, "maxItems": most}


def counts(names: Schema) -> Schema:
    """Whole numbers by names."""
    return {"type": "object", "propertyNames": names, "additionalProperties": count()}


def record(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "properties": required | (optional or {}),
        "required": [*required],
        "additionalProperties": False,
    }
