"""Arguments that a tool's schema allows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.bedrock_standin.generators.schema_examples import arguments_of
from local.bedrock_standin.refusals import RefusalError

JsonObject = dict[str, Any]

BOUND = st.integers(0, 5)
TEXTS = st.builds(
    lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more}, BOUND, BOUND
)
NUMBERS = st.builds(
    lambda type_, low, more: {"type": type_, "minimum": low, "maximum": low + more},
    st.sampled_from(["integer", "number"]),
    st.integers(-50, 50),
    BOUND,
)
EXCLUSIVE = st.builds(
    lambda low, more: {"type": "integer", "exclusiveMinimum": low, "exclusiveMaximum": low + 2 + more},
    st.integers(-50, 50) | st.floats(-50, 50),
    BOUND,
)
ENUMS = st.lists(st.none() | st.booleans() | st.text(max_size=3), min_size=1).map(
    lambda values: {"enum": values}
)
LEAVES = TEXTS | NUMBERS | EXCLUSIVE | ENUMS | st.sampled_from(["boolean", "null"]).map(lambda t: {"type": t})


def objects(values: st.SearchStrategy[JsonObject]) -> st.SearchStrategy[JsonObject]:
    """Schemas of objects with required and optional properties."""
    named = st.dictionaries(st.sampled_from("abc"), values)
    return named.flatmap(
        lambda properties: st.sets(st.sampled_from(sorted(properties)) if properties else st.nothing()).map(
            lambda required: {"type": "object", "properties": properties, "required": sorted(required)}
        )
    )


def arrays(values: st.SearchStrategy[JsonObject]) -> st.SearchStrategy[JsonObject]:
    """Schemas of arrays whose items have one schema."""
    return st.builds(
        lambda items, low, more: {"type": "array", "items": items, "minItems": low, "maxItems": low + more},
        values,
        st.integers(0, 3),
        st.integers(0, 3),
    )


def alternatives(values: st.SearchStrategy[JsonObject]) -> st.SearchStrategy[JsonObject]:
    """Any of several schemas."""
    return st.builds(
        lambda key, schemas: {key: schemas}, st.sampled_from(["anyOf"]), st.lists(values, min_size=1)
    )


VALUES = st.recursive(LEAVES, lambda v: objects(v) | arrays(v) | alternatives(v), max_leaves=12)


def is_allowed(value: Any, schema: JsonObject) -> bool:
    """Whether the schema allows the value, for the schemas above."""
    if "enum" in schema:
        return any(
            value is choice or (value == choice and type(value) is type(choice)) for choice in schema["enum"]
        )
    if "anyOf" in schema:
        return any(is_allowed(value, alternative) for alternative in schema["anyOf"])
    if schema["type"] == "object":
        names = schema["required"] if isinstance(value, dict) else ["not an object"]
        known = schema["properties"]
        return set(names) <= {*value} <= {*known} and all(is_allowed(value[n], known[n]) for n in value)
    if schema["type"] == "array":
        return schema["minItems"] <= len(value) <= schema["maxItems"] and all(
            is_allowed(item, schema["items"]) for item in value
        )
    if schema["type"] == "string":
        return isinstance(value, str) and schema["minLength"] <= len(value) <= schema["maxLength"]
    if schema["type"] in ("boolean", "null"):
        return isinstance(value, bool) if schema["type"] == "boolean" else value is None
    is_whole = schema["type"] == "number" or isinstance(value, int)
    low, high = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
    above, below = schema.get("exclusiveMinimum", float("-inf")), schema.get("exclusiveMaximum", float("inf"))
    return is_whole and low <= value <= high and above < value < below


@given(objects(VALUES), st.text(max_size=8))
def test_what_is_made_is_allowed(schema: JsonObject, text: str) -> None:
    """The arguments are JSON, and the schema allows them."""
    made = arguments_of(schema | {"additionalProperties": False}, text)
    assert is_allowed(json.loads(json.dumps(made)), schema)


def test_optional_properties_are_made_at_the_top() -> None:
    """Optional properties at the top level are filled; the text goes into unrestricted strings."""
    schema = {"properties": {"a": {"type": "string"}, "b": {"type": ["integer", "null"]}}}
    assert arguments_of(schema, "hi") == {"a": "hi", "b": 0}


@pytest.mark.parametrize(
    ("schema", "made"),
    [
        ({}, {"echo": "hi"}),
        ({"type": "object", "additionalProperties": {"type": "integer", "minimum": 3}}, {"echo": 3}),
        ({"type": "object", "additionalProperties": False}, {}),
        ({"required": ["a"]}, {"a": "hi"}),
    ],
)
def test_an_open_schema_is_filled(schema: JsonObject, made: JsonObject) -> None:
    """An object without named properties gets a property if it may have any."""
    assert arguments_of(schema, "hi") == made


def test_references_are_followed() -> None:
    """A reference is followed within its own schema; an optional property that refers to itself is left out."""
    node = {"type": "object", "properties": {"name": {"const": "x"}, "next": {"$ref": "#/$defs/node"}}}
    schema = {
        "properties": {"first": {"$ref": "#/$defs/node"}},
        "$defs": {"node": node | {"required": ["name"]}},
    }
    assert arguments_of(schema, "") == {"first": {"name": "x"}}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"properties": {"a": {"type": "number", "minimum": 10**400}}},
        {"properties": {"a": {"type": "string", "minLength": 10**13}}},
        {"properties": {"a": {"type": "array", "minItems": 10**13}}},
        {"properties": ["a"]},
        {"properties": {"a": {"pattern": "^a$"}}},
        {"properties": {"a": {"$ref": "#/$defs/none"}}},
        {"properties": {"a": {"$ref": "#/properties/a"}}},
        {
            "properties": {
                "a": {"type": "object", "required": ["b"], "properties": {"b": {"$ref": "#/properties/a"}}}
            }
        },
        {"properties": {"a": {"type": "unknown"}}},
        {"properties": {"a": {"type": "integer", "minimum": 2, "maximum": 1}}},
        {"properties": {"a": {"type": "string", "maxLength": "long"}}},
        {"properties": {"a": False}},
        {"properties": {"a": {"enum": []}}},
        {"required": 5},
    ],
)
def test_what_cannot_be_followed_is_400(schema: JsonObject) -> None:
    """A schema that cannot be filled is a 400, whatever is wrong with it."""
    with pytest.raises(RefusalError) as caught:
        arguments_of(schema, "hi")
    assert caught.value.status == 400
