"""The schema of log lines is complete, up to date, and means the same to JSON Schema's validator and to the tests."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.service.line_metrics import UNITS
from infra.log_lines import json_schema, reference
from infra.log_lines.fields import FIELDS
from infra.log_lines.lines import LINES
from tests import documents
from tests.log_checks import schema_check

SOURCES = documents.names("lambda_src/**/*.py")
WRITES = re.compile(r"log(?:ger)?\.(?:info|warning|error|write)\b")
ALWAYS = {
    "level": "INFO",
    "location": "write:1",
    "timestamp": "2026-11-27 19:29:07,123+0000",
    "service": "gateway-api",
}
STEP = {**ALWAYS, "message": "batch step", "lambda_request_id": "l", "receives": 1, "latency_ms": 3}
VALUES: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.sampled_from(["INTERVENED", "gateway-api", "in_progress", "batch_1", "Throttled", [], ["a"], [1], {}])
)  # fmt: skip


@cache
def validator() -> jsonschema.Draft202012Validator:
    document = json_schema.document()
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


def both(line: dict[str, Any]) -> bool:
    """Whether the line is valid; fails if the two checks disagree."""
    wrong = schema_check.wrong(line)
    assert validator().is_valid(line) is (not wrong), wrong
    return not wrong


def messages(file: str) -> Iterator[str]:
    """The messages of the lines that a module writes, as they stand in its calls."""
    for node in ast.walk(ast.parse(documents.text(file))):
        if isinstance(node, ast.Call) and node.args and WRITES.search(ast.unparse(node.func)):
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def test_the_file_is_up_to_date() -> None:
    """docs/logs.schema.json is current; `python -m infra.log_lines.reference` writes it again."""
    assert json_schema.FILE.read_text() == json_schema.text()


def test_the_page_is_up_to_date() -> None:
    """docs/logs.md lists every line and field; the same command writes the lists again."""
    assert reference.PAGE.read_text() == reference.page(reference.PAGE.read_text())


def test_every_message_has_a_line() -> None:
    """The schema has exactly the lines that the functions write."""
    written = {message for file in SOURCES for message in messages(file)}
    assert written == {line.message for line in LINES} - {None}


def test_every_field_is_written() -> None:
    """The schema has no field that no function writes, and every field belongs to a line."""
    source = "".join(documents.text(file) for file in SOURCES)
    own = FIELDS.keys() - {"level", "location", "message", "timestamp", "service", "xray_trace_id"}
    assert [name for name in own if not re.search(rf"\b{name}\b", source)] == []
    assert {name for line in LINES for name in (*line.required, *line.optional)} == FIELDS.keys()


def test_every_metric_is_documented() -> None:
    """docs/logs.md has each metric with its unit, and says what it counts."""
    rows = {
        name.strip("`"): unit
        for name, unit, *_ in documents.table("docs/logs.md", "| metric | unit | what it counts |")
    }
    assert rows == UNITS


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.name)
def test_no_field_is_required_and_optional(line: Any) -> None:
    """A field is always in a line, or sometimes, and listed once."""
    names = (*line.required, *line.optional)
    assert len(names) == len(set(names))


def test_a_line() -> None:
    """A line with its fields is valid; with another field, without one, or with another type it is not."""
    assert both(STEP)
    assert both({**STEP, "batch": "batch_1", "held_elsewhere": True})
    assert not both({**STEP, "prompt": "tell me"})
    assert not both({**STEP, "latency_ms": "3"})
    assert not both({**STEP, "latency_ms": True})
    assert not both({**STEP, "held_elsewhere": False})
    assert not both({**STEP, "message": "another"})
    assert not both({name: value for name, value in STEP.items() if name != "receives"})


def test_nested_values() -> None:
    """Lists and objects of a line are checked, too."""
    finding = {"source": "input", "policy": "wordPolicy", "action": "BLOCKED"}
    audit = {
        **ALWAYS,
        "message": "guardrail intervention",
        "request_id": "r",
        "guardrail_action": "INTERVENED",
        "guardrail_findings": [finding],
        "guardrail_counts": {"wordPolicy": 1},
    }
    assert both(audit)
    assert not both({**audit, "guardrail_findings": [{**finding, "match": "words"}]})
    assert not both({**audit, "guardrail_findings": [finding] * 51})
    assert not both({**audit, "guardrail_counts": {"word policy": 1}})
    assert not both({**audit, "guardrail_counts": {"wordPolicy": -1}})


@given(st.sampled_from(LINES), st.dictionaries(st.sampled_from(sorted(FIELDS)), VALUES, max_size=4))
def test_any_values(line: Any, values: dict[str, Any]) -> None:
    """Both checks agree about lines with any values of any fields."""
    head = {**ALWAYS, "message": line.message} if line.message else {"service": "a"}
    both(json.loads(json.dumps({**head, **values})))


@pytest.mark.parametrize("line", [None, [], "text", {}, {"message": ["job"]}, {"message": 1}])
def test_what_is_no_line(line: Any) -> None:
    """Other JSON is no line of the gateway."""
    assert schema_check.wrong(line)
