"""Two readers of a request must read the same request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.core import foreign_json, strict_json
from chat_gateway.core.errors import InvalidRequestError

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner),
    max_leaves=20,
)


@given(st.dictionaries(_TEXT, _JSON))
def test_what_was_read_is_what_is_written(document: dict[str, Any]) -> None:
    raw = json.dumps(document).encode()
    assert json.loads(strict_json.dumps(strict_json.loads_object(raw))) == document


@given(st.dictionaries(_TEXT, _JSON))
def test_text_is_written_without_escapes(document: dict[str, Any]) -> None:
    """Text is written as UTF-8, whichever encoder writes it."""
    plain = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    assert strict_json.dumps(document) == plain


@pytest.mark.parametrize("document", [{"a": "\x7f"}, {"\x7f": 1}, {"a": [{"b": ["\x7f"]}]}])
def test_del_is_not_escaped(document: dict[str, Any]) -> None:
    """DEL stays one byte: a request of 4 MiB of DEL would become one of 24 MiB."""
    assert b"\x7f" in strict_json.dumps(document)


@pytest.mark.parametrize("many", [[0] * 10_000, [["a"] * 5_000] * 2, dict.fromkeys(map(str, range(10_000)))])
def test_many_values_are_not_looked_at(monkeypatch: pytest.MonkeyPatch, many: Any) -> None:
    """A request of many values is written without a look at each, which would take longer than it saves."""
    monkeypatch.setattr(strict_json, "_ASCII_ENCODER", None)
    raw = json.dumps({"a": many}, separators=(",", ":")).encode()
    assert strict_json.dumps({"a": many}) == raw


@given(st.binary())
def test_any_bytes_are_read_or_refused_never_a_crash(raw: bytes) -> None:
    try:
        document = strict_json.loads_object(raw)
    except InvalidRequestError:
        return
    assert json.loads(raw) == document


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "empty"),
        (b"{", "not JSON"),
        (b"\xff{}", "UTF-8"),
        ('{"a": "é"}'.encode("latin-1"), "UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8: it looks like UTF-16. Send it as UTF-8"),
        ('{"a": 1}'.encode("utf-16-le"), "looks like UTF-16"),
        ('{"a": 1}'.encode("utf-16-be"), "looks like UTF-16"),
        ('{"é": 1}'.encode("utf-16-le"), "looks like UTF-16"),
        ('{"a": 1}'.encode("utf-32"), "looks like UTF-32"),
        ('{"a": 1}'.encode("utf-32-le"), "looks like UTF-32"),
        ('{"a": 1}'.encode("utf-32-be"), "looks like UTF-32"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"[]", "object"),
        (b'"text"', "object"),
        (b"null", "object"),
        (b'{"a": 1, "a": 1}', "repeats a key"),
        (b'{"a": 1, "\\u0061": 2}', "repeats a key"),
        (b'{"a": [{"b": 1, "b": 2}]}', "repeats a key"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": Infinity}', "Infinity"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 309 + b"}", "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too large"),
        (b'{"a": 0.' + b"1" * 400 + b"}", "too long"),
        (b'{"a": 1e-' + b"0" * 400 + b"}", "too long"),
        (b'{"a": "\n"}', "not JSON: Invalid control character at character"),
        (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "nested more than 100 deep"),
        (b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deeply"),
        (b'{"a":[' + b"[]," * 399_998 + b"{}]}", "more than 400,000 objects and lists"),
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(raw: bytes, says: str) -> None:
    with pytest.raises(InvalidRequestError, match=says):
        strict_json.loads_object(raw)


def test_a_hundred_levels_pass() -> None:
    raw = b'{"a":' + b"[" * 99 + b"]" * 99 + b"}"
    assert strict_json.dumps(strict_json.loads_object(raw)) == raw


def test_many_objects_and_lists_pass() -> None:
    """400,000 are not too many, and other values do not count."""
    raw = b'{"a":[' + b"0," * 100_000 + b"[]," * 399_997 + b"{}]}"
    assert strict_json.dumps(strict_json.loads_object(raw)) == raw


def test_half_a_surrogate_pair_is_refused_when_written() -> None:
    with pytest.raises(InvalidRequestError, match="surrogate"):
        strict_json.dumps(strict_json.loads_object(b'{"a": "\\ud800"}'))


@pytest.mark.parametrize("depth", [99, 100, 101, 102])
def test_both_readers_take_the_same_depth(depth: int) -> None:
    """Requests and Bedrock's answers have the same limit of depth."""
    text = '{"a":' * (depth - 1) + "{" + "}" * depth

    def refuses(read: Callable[[bytes], object], error: type[Exception]) -> bool:
        try:
            read(text.encode())
        except error:
            return True
        return False

    refused = refuses(strict_json.loads_object, InvalidRequestError), refuses(foreign_json.loads, ValueError)
    assert refused == (depth > 100, depth > 100)
