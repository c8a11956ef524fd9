"""The table of fields: docs/models.md has it, and requests obey it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat_gateway.converse import parameters
from chat_gateway.converse.parameters import FIELDS, Field, Scope, Treatment
from tests import documents
from tests.unit.chat_gateway.converse import models_page
from tests.unit.chat_gateway.converse.translations import UNSUPPORTED, body, refusal

PAGE = "docs/models.md"
REQUEST = FIELDS[Scope.REQUEST]
# Of https://platform.openai.com/docs/api-reference/chat/create, November 2026.
OPENAI = frozenset(
    """
    audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages
    metadata modalities model moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key
    prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier
    stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options
    """.split()  # noqa: SIM905 - one word a line would be too long
)


@pytest.mark.parametrize(("head", "rows"), models_page.TABLES, ids=["fields", "ids", "tools", "others"])
def test_the_page_shows_the_data(head: str, rows: Callable[[], list[list[str]]]) -> None:
    """docs/models.md has a row for each field and family, with what the code does.

    `python -m tests.unit.chat_gateway.converse.models_page` prints the tables.
    """
    assert documents.table(PAGE, head) == rows()


def test_every_field_of_openai_has_a_row() -> None:
    """Each field of OpenAI's request is translated, ignored or refused."""
    assert {field.place for field in REQUEST} == OPENAI | {"top_k"}


@pytest.mark.parametrize(
    "field", [one for one in REQUEST if one.treatment is Treatment.REFUSED], ids=lambda one: one.place
)
def test_refused_fields(field: Field) -> None:
    """A refused field is refused by its name with its sentence, unless its value says nothing."""
    error = refusal(**{field.place: ["x"]})
    assert (error.param, error.code) == (field.place, UNSUPPORTED)
    assert field.how in error.message
    for harmless in (*field.neutral, None):
        assert body(**{field.place: harmless}) == body()


@pytest.mark.parametrize("value", ["x", 7, {"a": [1]}, True])
@pytest.mark.parametrize(
    "field", [one for one in REQUEST if one.treatment is Treatment.IGNORED], ids=lambda one: one.place
)
def test_ignored_fields(field: Field, value: Any) -> None:
    """An ignored field changes nothing, whatever its value."""
    assert body(**{field.place: value}) == body()


@pytest.mark.parametrize(
    ("name", "value"), [("n", True), ("logprobs", 0), ("presence_penalty", False), ("n", 2)]
)
def test_a_neutral_value_has_its_type(name: str, value: object) -> None:
    """A value that only equals a harmless one is refused."""
    assert refusal(**{name: value}).param == name


@pytest.mark.parametrize(
    ("key", "at", "param"),
    [
        ("guardrailConfig", "", "guardrailConfig"),
        ("x", "messages[0]", "messages[0].x"),
        ("a b", "messages[0]", "messages[0]"),
        ("a b", "", None),
        ("x" * 201, "", None),
    ],
)
def test_an_unknown_fields_place(key: str, at: str, param: str | None) -> None:
    """The error names the field if its name is plain, else the object that has it."""
    error = parameters.unknown(key, at)
    assert (error.param, error.code) == (param, UNSUPPORTED)


@pytest.mark.parametrize(
    "how",
    [*(field.how for fields in FIELDS.values() for field in fields), *parameters.REFUSED_PARTS.values()],
)
def test_sentences_fit_into_a_table(how: str) -> None:
    """Each row's text is one or two sentences without a table's marks."""
    assert how.endswith(".")
    assert "|" not in how
    assert len(how) <= 200
