"""`response_format`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.chat_gateway.converse.translations import (
    CLAUDE_3,
    CLAUDE_5,
    HIDDEN,
    LLAMA,
    NOVA,
    UNSUPPORTED,
    body,
    refusal,
)

SCHEMA = {"type": "object", "properties": {"é": {"type": "string"}}, "additionalProperties": False}


def json_schema(**definition: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, **definition}}


def test_a_schema_goes_up_as_a_string() -> None:
    """The schema, its name and its description become Converse's text format."""
    sent = body(response_format=json_schema(strict=True, description="d"))["outputConfig"]["textFormat"]
    definition = sent["structure"]["jsonSchema"]
    assert json.loads(definition.pop("schema")) == SCHEMA
    assert (sent["type"], definition) == ("json_schema", {"name": "answer", "description": "d"})


def test_a_schema_beside_an_effort() -> None:
    """A schema and an effort share one field."""
    sent = body(model=CLAUDE_5, response_format=json_schema(), reasoning_effort="low")["outputConfig"]
    assert sent.keys() == {"textFormat", "effort"}


def test_text_is_the_default() -> None:
    """`text` sends nothing."""
    assert body(response_format={"type": "text"}) == body()


@pytest.mark.parametrize("model", [CLAUDE_3, NOVA, LLAMA])
def test_a_family_without_schemas(model: str) -> None:
    """A family without schemas refuses one, and an unknown family gets it."""
    error = refusal(model=model, response_format=json_schema())
    assert (error.param, error.code) == ("response_format", UNSUPPORTED)
    assert "outputConfig" in body(model=HIDDEN, response_format=json_schema())


@pytest.mark.parametrize(
    ("response_format", "param"),
    [
        ("text", "response_format"),
        ({}, "response_format.type"),
        ({"type": "json_object"}, "response_format.type"),
        ({"type": []}, "response_format.type"),
        ({"type": "json_schema"}, "response_format.json_schema"),
        (json_schema(schema=None), "response_format.json_schema.schema"),
        (json_schema(schema="{}"), "response_format.json_schema.schema"),
        (json_schema(name=7), "response_format.json_schema.name"),
        (json_schema(x=7), "response_format.json_schema.x"),
    ],
)
def test_other_formats_are_refused(response_format: object, param: str) -> None:
    """`json_object`, which Converse lacks, and malformed formats are refused by their place."""
    assert refusal(response_format=response_format).param == param
