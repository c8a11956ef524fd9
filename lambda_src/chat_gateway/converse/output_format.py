"""`response_format` as `outputConfig.textFormat`.

https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chat_gateway.converse import parameters
from chat_gateway.converse.families import Family
from chat_gateway.converse.parameters import Scope
from chat_gateway.core import strict_json

_AT = "response_format"
_NAMES = ("name", "description")


def of(document: Mapping[str, Any], family: Family) -> dict[str, Any] | None:
    """`textFormat`, None for plain text. Raises InvalidRequestError."""
    response_format = document.get(_AT)
    if response_format is None:
        return None
    if not isinstance(response_format, dict):
        raise parameters.wrong_type(_AT, "an object")
    kind = response_format.get("type")
    if kind == "text":
        return None
    if kind != "json_schema":
        raise parameters.unsupported(
            f"{_AT}.type", "Use text, or json_schema with a model that has it, or a tool that must be called."
        )
    if not family.has_json_schema:
        raise parameters.unsupported(
            _AT, f"{family.name}: no schema for answers. Describe the form in the prompt, or use a tool."
        )
    return _text_format(response_format.get("json_schema"), f"{_AT}.json_schema")


def _text_format(definition: object, at: str) -> dict[str, Any]:
    if not isinstance(definition, dict):
        raise parameters.wrong_type(at, "an object")
    parameters.check(definition, Scope.JSON_SCHEMA, at)
    schema = definition.get("schema")
    if not isinstance(schema, dict):
        raise parameters.wrong_type(f"{at}.schema", "an object")
    json_schema = {"schema": strict_json.dumps(schema).decode()}
    for name in _NAMES:
        value = definition.get(name)
        if value is not None and not isinstance(value, str):
            raise parameters.wrong_type(f"{at}.{name}", "a string")
        if value:
            json_schema[name] = value
    return {"type": "json_schema", "structure": {"jsonSchema": json_schema}}
