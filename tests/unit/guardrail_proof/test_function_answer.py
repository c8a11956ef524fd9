"""Both forms of the chat function's answer are read right, and nothing else is taken for one."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail_proof.function_answer import FunctionAnswer, NotAnAnswerError, read

DELIMITER = bytes(8)
STATUSES = st.integers(100, 599)
HEADERS = st.dictionaries(st.text(), st.text(), max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
ENVELOPES = st.dictionaries(st.sampled_from(["statusCode", "headers", "body", "isBase64Encoded"]), JSON)


def streamed(head: Any, body: bytes = b"") -> bytes:
    return json.dumps(head).encode() + DELIMITER + body


@given(STATUSES, HEADERS, st.binary())
def test_streamed_answer(status: int, headers: dict[str, str], body: bytes) -> None:
    """The body begins after the first eight zero bytes, whatever it holds, also zero bytes."""
    payload = streamed({"statusCode": status, "headers": headers, "cookies": []}, body)
    assert read(payload) == FunctionAnswer(status, headers, body)


@given(STATUSES, HEADERS, st.binary())
def test_buffered_base64(status: int, headers: dict[str, str], body: bytes) -> None:
    """A buffered body in base64 is decoded."""
    text = base64.b64encode(body).decode()
    document = {"statusCode": status, "headers": headers, "body": text, "isBase64Encoded": True}
    assert read(json.dumps(document).encode()) == FunctionAnswer(status, headers, body)


@given(STATUSES, st.text())
def test_buffered_text(status: int, text: str) -> None:
    """A buffered body is text otherwise. Headers may be missing."""
    payload = json.dumps({"statusCode": status, "body": text}).encode()
    assert read(payload) == FunctionAnswer(status, {}, text.encode(errors="surrogatepass"))


@given(st.binary() | ENVELOPES.map(lambda head: json.dumps(head).encode()) | ENVELOPES.map(streamed))
def test_anything_else_is_no_answer(payload: bytes) -> None:
    """Whatever a function returns, it is an answer with a status, or it is refused."""
    try:
        answer = read(payload)
    except NotAnAnswerError:
        return
    assert 100 <= answer.status < 600
    assert isinstance(answer.body, bytes)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b'{"errorType": "ValueError", "errorMessage": "no"}',
        b'{"statusCode": true}',
        b'{"statusCode": 200.0}',
        b'{"statusCode": 99}',
        b'{"statusCode": 200, "body": {}}',
        b'{"statusCode": 200, "body": "*", "isBase64Encoded": true}',
        b'{"statusCode": 200, "headers": {"a": 1}}',
        b'{"statusCode": 200, "headers": []' + bytes(8),
        b"[" * 100_000,
        streamed([]),
    ],
)
def test_refused(payload: bytes) -> None:
    """A crash of the function, and a wrong envelope, are not answers."""
    with pytest.raises(NotAnAnswerError):
        read(payload)
