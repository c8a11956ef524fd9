"""The error message for a wrong settings file. Each problem is a line with the file, the setting and the choices."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from infra.settings.table import RefusedSettingError

_KINDS = {
    "bool_type": "must be true or false",
    "dict_type": "must be a table",
    "float_type": "must be a number",
    "int_from_float": "must be a whole number",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "model_attributes_type": "must be a table",
    "model_type": "must be a table",
    "string_type": "must be text in quotes",
}
_WORDS = {
    "Input should": "must",
    "String should": "must",
    "List should": "must",
    " after validation": "",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
}
_TAGS = ("own", "existing", "none")
_OF_KEY = "[key]"  # pydantic's, behind the wrong name of a table


class InvalidEnvironmentError(ValueError):
    """The environment is unknown, or its settings are wrong. The message names the setting and the choices."""


def invalid(source: str, error: ValidationError, model: type[BaseModel]) -> InvalidEnvironmentError:
    """The error to show for settings that `model` refused. `source` is the path of the settings file."""
    return InvalidEnvironmentError("\n".join(f"{source}: {line}" for line in _lines(error, model)))


def _lines(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    for detail in error.errors():
        yield f"{_setting(detail)} {_rule(detail, model)}."


def _setting(detail: ErrorDetails) -> str:
    parts = [
        part
        for number, part in enumerate(detail["loc"])
        if not (number == 1 and part in _TAGS) and part != _OF_KEY
    ]
    refused = detail.get("ctx", {}).get("error")
    if isinstance(refused, RefusedSettingError):
        parts.append(refused.setting)
    return "".join(f"[{part}]" if isinstance(part, int) else f".{_key(part)}" for part in parts).lstrip(".")


def _key(name: str) -> str:
    return name if name.isprintable() else json.dumps(name)


def _rule(detail: ErrorDetails, model: type[BaseModel]) -> str:
    context: Mapping[str, Any] = detail.get("ctx", {})
    kind, said = detail["type"], f"is {_shown(detail['input'])}; it "
    refused = context.get("error")
    if isinstance(refused, RefusedSettingError):
        return refused.rule
    match kind:
        case "value_error":
            return f"{'' if not str(refused).startswith('must') else said}{refused}"
        case "extra_forbidden":
            return _unknown(detail, model)
        case "missing":
            return _missing(detail, model)
        case "enum" | "literal_error" | "union_tag_invalid":
            return f"{said}must be {_choices(context)}"
        case _ if kind in _KINDS:
            return said + _KINDS[kind]
        case _:
            return said + _in_few_words(detail["msg"])


def _choices(context: Mapping[str, Any]) -> str:
    expected = str(context.get("expected") or context.get("expected_tags"))
    return expected.replace("True", "true").replace("'", '"')


def _in_few_words(message: str) -> str:
    """Pydantic's message in our words: "Input should be greater than or equal to 1" becomes "must be at least 1"."""
    for long, short in _WORDS.items():
        message = message.replace(long, short)
    return message


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _missing(detail: ErrorDetails, model: type[BaseModel]) -> str:
    confirms = _schema(model, detail["loc"]).get("const") is True
    return "is missing; write true if that is meant" if confirms else "is missing"


def _unknown(detail: ErrorDetails, model: type[BaseModel]) -> str:
    known = sorted(_schema(model, detail["loc"][:-1]).get("properties", {}))
    near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    return f"is not a setting.{meant} The settings are {', '.join(known)}"


def _schema(model: type[BaseModel], path: tuple[int | str, ...]) -> dict[str, Any]:
    """The schema of the setting at `path`; empty if the schema has no such path."""
    whole = model.model_json_schema()
    found: dict[str, Any] = whole
    for part in path:
        found = _named(_below(found, part), whole)
    return found


def _below(table: dict[str, Any], part: int | str) -> dict[str, Any]:
    if part in _TAGS and "discriminator" in table:
        return {"$ref": table["discriminator"]["mapping"][part]}
    if isinstance(part, int):
        found: dict[str, Any] = table.get("items", {})
        return found
    return table.get("properties", {}).get(part) or _of_any_name(table)


def _named(schema: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """The schema that `schema` names, also as one of the choices of an optional table; `schema` if it names none."""
    for choice in schema.get("anyOf", [schema]):
        if "$ref" in choice:
            found: dict[str, Any] = whole["$defs"][choice["$ref"].rpartition("/")[2]]
            return found
    return schema


def _of_any_name(table: dict[str, Any]) -> dict[str, Any]:
    """The schema of the entries of a table with free names; empty for other tables."""
    schema = table.get("additionalProperties")
    return schema if isinstance(schema, dict) else {}
