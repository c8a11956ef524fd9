"""The JSON Schema of all log lines, for collectors and tests. `python -m infra.log_lines.reference` writes the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from infra.log_lines.fields import FIELDS
from infra.log_lines.lines import LINES, Line

FILE = Path(__file__).parents[2] / "docs" / "logs.schema.json"


def document() -> dict[str, Any]:
    """The schema. A line that is valid matches exactly one of the kinds."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Log lines of the gateway's functions",
        "oneOf": [_kind(line) for line in LINES],
        "$defs": {name: {"description": field.description, **field.schema} for name, field in FIELDS.items()},
    }


def text() -> str:
    """The content of docs/logs.schema.json."""
    return json.dumps(document(), indent=2) + "\n"


def _kind(line: Line) -> dict[str, Any]:
    properties: dict[str, Any] = {
        name: {"$ref": f"#/$defs/{name}"} for name in (*line.required, *line.optional)
    }
    if line.message is not None:
        properties["message"] = {"const": line.message}
    return {
        "title": line.name,
        "description": line.description,
        "type": "object",
        "properties": properties,
        "required": [*line.required],
        "additionalProperties": False,
    }
