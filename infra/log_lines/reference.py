"""The lists of lines and fields in docs/logs.md. `python -m infra.log_lines.reference` writes them and the JSON Schema."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from infra.log_lines import json_schema
from infra.log_lines.fields import FIELDS
from infra.log_lines.kinds import Schema
from infra.log_lines.lines import LINES, Line

PAGE = Path(__file__).parents[2] / "docs" / "logs.md"
BEGINNING = "## All lines\n"
_COLUMNS = 128
_OF_ALL = ("level", "location", "message", "timestamp", "xray_trace_id")
_HEAD = "| field | value | what it says | OpenTelemetry |\n|---|---|---|---|\n"


def page(now: str) -> str:
    """The page `now` with new lists of all lines and fields."""
    lines = "".join(f"\n{_described(line)}" for line in LINES)
    fields = "".join(f"| {' | '.join(_cells(name))} |\n" for name in FIELDS)
    return now.partition(BEGINNING)[0] + BEGINNING + lines + "\n## All fields\n\n" + _HEAD + fields


def _described(line: Line) -> str:
    sometimes = _named(line.optional)
    parts = [
        f"**`{line.message}`**" if line.message else "**A metric**",
        f"({line.functions}). {line.description}",
        f"Always: {_named(line.required)}.",
        *([f"Sometimes: {sometimes}."] if sometimes else []),
    ]
    return textwrap.fill(" ".join(parts), _COLUMNS, break_long_words=False, break_on_hyphens=False) + "\n"


def _named(names: tuple[str, ...]) -> str:
    """The names, without those that nearly every line has."""
    return ", ".join(f"`{name}`" for name in names if name not in _OF_ALL)


def _cells(name: str) -> Iterator[str]:
    field = FIELDS[name]
    yield f"`{name}`"
    yield _value(field.schema)
    yield field.description
    yield "" if field.semantic_name is None else field.semantic_name


def _value(schema: Schema) -> str:
    if "const" in schema:
        return str(schema["const"]).lower()
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list, at most {schema['maxItems']}"
    return _WORDS[schema["type"]]


_WORDS = {
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "object": "object",
    "string": "text",
}


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
    json_schema.FILE.write_text(json_schema.text())
    print(f"Wrote {PAGE.name} and {json_schema.FILE.name}.")
