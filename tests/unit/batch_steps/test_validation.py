"""Every bad line of a batch's input is named by its number, and each good line is found in the index."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_steps import line_check, validation
from batch_steps.line_check import LineError
from batch_steps.validation import CheckedInput, InputLimits
from resource_items import batch_lines
from tests.unit.batch_steps.input_lines import ENDPOINT, jsonl, line, numbered

LIMITS = InputLimits(max_lines=20, max_bytes=10_000, max_line_bytes=1000)
BODY: dict[str, Any] = line()["body"]


def checked(content: bytes, limits: InputLimits = LIMITS) -> CheckedInput:
    pieces = [content[i : i + 7] for i in range(0, len(content), 7)]
    return validation.check(pieces, len(content), limits, endpoint=ENDPOINT)


def errors(content: bytes) -> list[tuple[Any, ...]]:
    """Code, line and param of each error."""
    return [(error["code"], error["line"], error["param"]) for error in checked(content).errors]


def test_good_lines() -> None:
    """Each line is found by its number."""
    content = numbered(20)
    found = checked(content)
    assert (found.total_lines, found.model, found.errors) == (20, "m", [])
    for number in range(1, 21):
        first, end = batch_lines.span(found.offsets, number)
        assert json.loads(content[first:end])["custom_id"] == f"id-{number}"


@pytest.mark.parametrize(
    ("bad", "code", "param"),
    [
        ([1, 2], "invalid_json_line", None),
        ("text", "invalid_json_line", None),
        (line(custom_id=None), "missing_required_parameter", "custom_id"),
        (line(method=None), "missing_required_parameter", "method"),
        (line(url=None), "missing_required_parameter", "url"),
        (line(body=None), "missing_required_parameter", "body"),
        (line(custom_id=7), "invalid_custom_id", "custom_id"),
        (line(custom_id=""), "invalid_custom_id", "custom_id"),
        (line(custom_id="x" * 513), "invalid_custom_id", "custom_id"),
        (line(custom_id="\ud800"), "invalid_custom_id", "custom_id"),
        (line(method="GET"), "invalid_method", "method"),
        (line(url="/v1/embeddings"), "invalid_url", "url"),
        (line(body=[]), "invalid_request", "body"),
        (line(body={**BODY, "model": None}), "invalid_request", "body.model"),
        (line(body={"model": "m"}), "invalid_request", "body.messages"),
        (line(body={**BODY, "stream": True}), "streaming_unsupported", "body.stream"),
        (line(body={**BODY, "user": "x" * 1000}), "request_too_large", None),
        (line(custom_id="first"), "duplicate_custom_id", "custom_id"),
    ],
)
def test_a_bad_line(bad: object, code: str, param: str | None) -> None:
    """A bad line has OpenAI's code, and its own number. The others are good."""
    assert errors(jsonl(line("first"), line("second"), bad, line("last"))) == [(code, 3, param)]


@pytest.mark.parametrize("raw", [b"{", b"\xff", b'{"a": NaN}', b'{"custom_id": "a", "custom_id": "b"}', b" "])
def test_a_line_that_is_no_json(raw: bytes) -> None:
    """Neither is a blank line between others."""
    assert errors(jsonl(line()) + raw + b"\n" + jsonl(line("b"))) == [("invalid_json_line", 2, None)]


def test_all_bad_lines() -> None:
    """All are named, each once."""
    content = jsonl(line(), 1, line(), 2) + b"\n\n" + jsonl(line("b"))
    assert [number for _, number, _ in errors(content)] == [2, 3, 4, 5, 6]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n \n\r\n", b"\n" * 35])
def test_blank_lines_at_the_end(end: bytes) -> None:
    """They are not counted, and the last line needs no line break."""
    content = numbered(3).rstrip(b"\n") + end
    found = checked(content)
    assert (found.total_lines, found.errors) == (3, [])
    assert json.loads(content[slice(*batch_lines.span(found.offsets, 3))])["custom_id"] == "id-3"


def test_windows_line_breaks_and_a_byte_order_mark() -> None:
    """Both are taken."""
    assert checked(b"\xef\xbb\xbf" + numbered(2).replace(b"\n", b"\r\n")).errors == []


@pytest.mark.parametrize("content", [b"", b"\n", b" \n \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n\n"])
def test_no_lines(content: bytes) -> None:
    """A file without lines is empty, also with a byte order mark."""
    assert errors(content) == [("empty_file", None, None)]


@pytest.mark.parametrize("content", [numbered(21), jsonl(*[1] * 21), numbered(1) + b"\n" * 50 + numbered(1)])
def test_too_many_lines(content: bytes) -> None:
    """That is an error of the whole file."""
    assert errors(content) == [("too_many_lines", None, None)]
    assert "20" in checked(content).errors[0]["message"]


def test_a_file_that_is_too_large() -> None:
    """It is not read. The error names both sizes."""

    unread = (pytest.fail("the file was read") for _ in range(1))
    found = validation.check(unread, 10_001, LIMITS, endpoint=ENDPOINT)
    assert found.errors[0]["code"] == "file_too_large"
    assert "10001" in found.errors[0]["message"]
    assert "10000" in found.errors[0]["message"]


def test_several_models() -> None:
    """A batch may have several models; then it has none as a whole."""
    found = checked(jsonl(line("a"), line("b", body={**BODY, "model": "n"}), line("c")))
    assert (found.errors, found.model) == ([], None)


def test_more_errors_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last error says how many lines are not named."""
    monkeypatch.setattr(validation, "MAX_ERRORS_BYTES", 400)
    found = checked(jsonl(*range(20))).errors
    assert found[-1]["code"] == "too_many_errors"
    assert found[-1]["message"].startswith(f"{20 - (len(found) - 1)} more")
    assert len(json.dumps(json.dumps(found))) < 1000


@given(st.lists(st.binary(max_size=30) | st.sampled_from([b"{}", jsonl(line()).strip()]), max_size=8))
def test_any_bytes(lines: list[bytes]) -> None:
    """Whatever a file has, it is checked, and each error is one of OpenAI's form."""
    found = checked(b"\n".join(lines))
    assert found.errors or found.total_lines > 0
    for error in found.errors:
        assert error.keys() == {"code", "line", "message", "param"}
        json.dumps(error)


@given(st.binary(max_size=60) | st.just(jsonl(line())))
def test_the_custom_id_of_any_line(content: bytes) -> None:
    """A line that passes the check has a custom id."""
    try:
        custom_id = line_check.check(content, endpoint=ENDPOINT).custom_id
    except LineError:
        line_check.custom_id_of(content)
    else:
        assert line_check.custom_id_of(content) == custom_id
