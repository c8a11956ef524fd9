"""Makes arguments that a tool's JSON schema allows, for the echo generator, without I/O.

Of json-schema.org/draft/2020-12 it supports types and their bounds, const, enum, $ref into the same schema, anyOf and
oneOf. It refuses keywords that it does not support. It ignores `format`, which is an annotation.
"""

from __future__ import annotations

import math
from typing import Any

from local.bedrock_standin.refusals import validation_error

JsonObject = dict[str, Any]

_NOT_FOLLOWED = frozenset(
    {
        "$dynamicRef",
        "allOf",
        "contains",
        "dependentRequired",
        "dependentSchemas",
        "else",
        "if",
        "minProperties",
    }
    | {
        "multipleOf",
        "not",
        "pattern",
        "patternProperties",
        "prefixItems",
        "propertyNames",
        "then",
        "uniqueItems",
    }
)
_FREE_PROPERTY = "echo"
_MOST = 10_000  # the maximum items of an array, and characters of a string


def arguments_of(parameters: JsonObject, text: str) -> JsonObject:
    """Arguments that a tool's `parameters` allow. Strings have the value `text`. Raises RefusalError (400)."""
    try:
        return _Examples(parameters, text).arguments()
    except (TypeError, AttributeError, LookupError, ValueError, ArithmeticError, RecursionError):
        raise validation_error(
            "The parameters of a tool are no schema that can be followed.", "tools"
        ) from None


class _Examples:
    def __init__(self, root: JsonObject, text: str) -> None:
        self._root = root
        self._text = text

    def arguments(self) -> JsonObject:
        """The arguments, with optional properties at the top level only. Deeper, some schemas would have no end."""
        schema = self._resolved({"type": "object"} | self._root)
        properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        if schema["type"] != "object" or "enum" in schema or "const" in schema:
            raise ValueError("the schema is not simply of an object")
        if not properties and not schema.get("required") and more is not False:
            properties = {_FREE_PROPERTY: more}
        return self._object(
            schema | {"properties": properties, "required": [*properties, *_required(schema)]}
        )

    def _value(self, schema: Any) -> Any:
        schema = self._resolved({} if schema is True else schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        type_ = _type_of(schema)
        if type_ == "object":
            return self._object(schema)
        if type_ == "array":
            return self._array(schema)
        if type_ == "string":
            return _string(schema, self._text)
        return (
            {"boolean": True, "null": None}[type_] if type_ in ("boolean", "null") else _number(schema, type_)
        )

    def _resolved(self, schema: JsonObject) -> JsonObject:
        """The schema with its reference replaced by the target, and alternatives replaced by the first one."""
        if _NOT_FOLLOWED & schema.keys():
            raise ValueError("a keyword is not followed")
        for name in ("$ref", "anyOf", "oneOf"):
            if name in schema:
                rest = {key: value for key, value in schema.items() if key != name}
                meant = self._target(schema[name]) if name == "$ref" else schema[name][0]
                return self._resolved(rest | meant)
        return schema

    def _target(self, reference: str) -> Any:
        found: Any = self._root
        for part in reference.removeprefix("#").split("/")[1:]:
            found = found[part]
        return found

    def _object(self, schema: JsonObject) -> JsonObject:
        properties = schema.get("properties", {})
        return {name: self._value(properties.get(name, True)) for name in dict.fromkeys(_required(schema))}

    def _array(self, schema: JsonObject) -> list[Any]:
        count = max(_least(schema, "minItems"), min(1, schema.get("maxItems", 1)))
        return [self._value(schema.get("items", True)) for _ in range(count)]


def _required(schema: JsonObject) -> list[str]:
    required: list[str] = schema.get("required", [])
    return required


def _type_of(schema: JsonObject) -> str:
    type_ = schema.get("type")
    if type_ is None:
        return (
            "object"
            if schema.keys() & {"properties", "required"}
            else "array"
            if "items" in schema
            else "string"
        )
    return str(type_[0] if isinstance(type_, list) else type_)


def _string(schema: JsonObject, text: str) -> str:
    return text[: schema.get("maxLength")].ljust(_least(schema, "minLength"), ".")


def _least(schema: JsonObject, keyword: str) -> int:
    size: int = schema.get(keyword, 0)
    if size > _MOST:
        raise ValueError("more than an example can have")
    return size


def _number(schema: JsonObject, type_: str) -> float:
    low = schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf)
    high = schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf)
    tried = [0, *low, *high, max(low) + 1, min(high) - 1, (max(low) + min(high)) / 2]
    finite: list[float] = [number for number in tried if math.isfinite(number)]
    if type_ == "integer":
        finite = [around for number in finite for around in (math.floor(number), math.ceil(number))]
    elif type_ != "number":
        raise ValueError("an unknown type")
    for number in finite:
        if low[0] <= number <= high[0] and low[1] < number < high[1]:
            return number
    raise ValueError("no number is allowed")
