"""The list of all settings in docs/settings.md. `python -m infra.settings.reference` writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.settings import files
from infra.settings.environment import Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
BEGINNING = "## All settings\n"
_WORDS = {
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "object": "table",
    "string": "text",
}
_HEAD = "| setting | takes | default | what it is |\n|---|---|---|---|\n"


def page(now: str) -> str:
    """The page `now` with a new list of all settings."""
    schema = Settings.model_json_schema()
    return now.partition(BEGINNING)[0] + BEGINNING + "".join(_tables(schema))


def _tables(schema: dict[str, Any]) -> Iterator[str]:
    """One table for the settings at the top of a file, and one for each table, or list of tables, of a file."""
    sections = {name: [*_sections(name, one, schema)] for name, one in schema["properties"].items()}
    scalars = {name: schema["properties"][name] for name, found in sections.items() if not found}
    yield f"\nAt the top of a file:\n\n{_HEAD}" + "".join(_rows(scalars, schema))
    for found in sections.values():
        yield from found


def _sections(path: str, setting: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    """The tables of a setting that is a table or holds tables, and of what they hold; none for a single value."""
    for title, table in _titled(path, setting, schema):
        settings = {name: one for name, one in table["properties"].items() if name != "kind"}
        yield f"\n{title}: {_sentence(table['description'])}\n\n{_HEAD}" + "".join(_rows(settings, schema))
        for name, one in settings.items():
            yield from _sections(f"{path}.{name}", one, schema)


def _titled(
    path: str, setting: dict[str, Any], schema: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The schema of each table that a setting may be or hold, after its title."""
    for table in _of(schema, setting):
        kind = table["properties"].get("kind", {}).get("const")
        yield f"`[{path}]`" + (f', `kind = "{kind}"`' if kind else ""), table
    for table in _of(schema, setting.get("items", {})):
        yield f"`[[{path}]]`", table
    by_region = setting.get("additionalProperties")
    for table in _of(schema, by_region) if isinstance(by_region, dict) else []:
        yield f"`[{path}.REGION]`", table


def _of(schema: dict[str, Any], setting: dict[str, Any]) -> list[dict[str, Any]]:
    """The schemas of the tables that a setting may be; empty if the setting is a single value."""
    references = [setting, *setting.get("oneOf", []), *setting.get("anyOf", [])]
    named = [reference["$ref"].rpartition("/")[2] for reference in references if "$ref" in reference]
    return [found for found in (schema["$defs"][name] for name in named) if "properties" in found]


def _rows(settings: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    for name, setting in settings.items():
        description = setting.get("description") or _type(setting, schema).get("description", "")
        cells = (f"`{name}`", _takes(setting, schema), _default(setting), _sentence(description))
        yield f"| {' | '.join(cells)} |\n"


def _type(setting: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a setting's value, without null."""
    chosen = next((one for one in setting.get("anyOf", []) if one.get("type") != "null"), setting)
    name = chosen.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = schema["$defs"][name] if name else chosen
    return found


def _takes(setting: dict[str, Any], schema: dict[str, Any]) -> str:
    type_ = _type(setting, schema)
    choices = setting.get("enum") or type_.get("enum") or ([type_["const"]] if "const" in type_ else [])
    if choices:
        return ", ".join(f"`{json.dumps(choice)}`" for choice in choices)
    if type_["type"] == "array":
        return "list of tables" if "$ref" in type_["items"] else "list of texts"
    least, most = type_.get("minimum"), type_.get("maximum")
    limits = f" from {least}" if least is not None else ""
    limits += f" above {type_['exclusiveMinimum']}" if "exclusiveMinimum" in type_ else ""
    return _WORDS[type_["type"]] + limits + (f" to {most}" if most is not None else "")


def _default(setting: dict[str, Any]) -> str:
    default = setting.get("default")
    return "" if default is None else f"`{json.dumps(default)}`"


def _sentence(description: str) -> str:
    return " ".join(description.split("\n\n")[0].split())


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
    print(f"Wrote {PAGE.relative_to(files.FOLDER.parent)}.")
