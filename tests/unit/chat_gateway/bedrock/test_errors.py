"""Bedrock's errors, in any shape, become the gateway's errors."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.bedrock import errors as upstream_errors

_NESTED = json.dumps(
    {
        "error": {
            "message": json.dumps({"error": {"message": "max_tokens is too large", "param": "max_tokens"}})
        }
    }
)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"error": {"message": "The model does not exist"}}', "The model does not exist"),
        ('{"message": "The security token is invalid"}', "The security token is invalid"),
        ('{"Message": "Bearer Token has expired"}', "Bearer Token has expired"),
        (_NESTED, "max_tokens is too large"),
        ('{"message": "not {json"}', "not {json"),
        ("<html>", "Bedrock answered with HTTP status 400."),
        ("", "Bedrock answered with HTTP status 400."),
        ('{"error": "text"}', "Bedrock answered with HTTP status 400."),
        ('{"message": 7}', "Bedrock answered with HTTP status 400."),
        ("[]", "Bedrock answered with HTTP status 400."),
    ],
)
def test_the_message_is_found_in_every_shape(body: str, message: str) -> None:
    assert upstream_errors.parse(400, {}, body.encode()).message == message


def test_type_code_and_param_of_nested_errors_are_kept() -> None:
    inner = {"error": {"message": "no", "param": "stop", "code": "unsupported", "type": None}}
    outer = {
        "error": {"message": json.dumps(inner), "type": "invalid_request_error", "code": "validation_error"}
    }
    error = upstream_errors.parse(400, {}, json.dumps(outer).encode())
    assert (error.message, error.type, error.code, error.param) == (
        "no",
        "invalid_request_error",
        "unsupported",
        "stop",
    )


def test_the_wait_that_bedrock_asks_for_is_kept() -> None:
    error = upstream_errors.parse(429, {"retry-after": "2", "retry-after-ms": "1500", "date": "x"}, b"{}")
    assert error.headers() == {"retry-after": "2", "retry-after-ms": "1500"}
    assert (error.type, error.code) == ("rate_limit_error", "rate_limit_exceeded")


@pytest.mark.parametrize(
    ("headers", "request_id"),
    [
        ({"x-amzn-requestid": "amzn", "x-request-id": "openai"}, "amzn"),
        ({"x-request-id": "openai"}, "openai"),
        ({}, None),
    ],
)
def test_bedrocks_id_is_read_from_either_header(headers: dict[str, str], request_id: str | None) -> None:
    assert upstream_errors.parse(500, headers, b"").bedrock_request_id == request_id


@given(
    st.integers(400, 599), st.binary() | st.text().map(lambda text: json.dumps({"message": text}).encode())
)
def test_any_answer_becomes_an_error_that_the_sdks_can_read(status: int, content: bytes) -> None:
    error = upstream_errors.parse(status, {}, content)
    detail = json.loads(error.body())["error"]
    assert error.status == status
    assert detail.keys() == {"message", "type", "param", "code"}
    assert detail["message"]
    assert detail["type"]


FOREIGN = [
    "words of the prompt",
    "x" * 8000,
    "half \ud800",
    "line\nbreak",
    "\x1b[31mred",
    "bcg-0123456789abcdefghij",
    7,
    ["list"],
    {"a": "dict"},
    True,
]


@pytest.mark.parametrize("foreign", FOREIGN, ids=repr)
@pytest.mark.parametrize("read", ["answer", "event"])
def test_foreign_words_are_no_names(foreign: object, read: str) -> None:
    """An invalid code, type or param is replaced by the status's own, or dropped."""
    detail = {"message": "no", "code": foreign, "type": foreign, "param": foreign, "status": 429}
    error = (
        upstream_errors.parse(429, {}, json.dumps({"error": detail}).encode())
        if read == "answer"
        else upstream_errors.from_event(detail, None)
    )
    assert (error.code, error.type, error.param) == ("rate_limit_exceeded", "rate_limit_error", None)


@pytest.mark.parametrize(
    "value", ["x" * 200, "a b", "id\x00", "caf\u00e9", "", "ABSKQmVkcm9ja0FQSUtleS0xMjM0"]
)
def test_foreign_ids_and_waits_are_dropped(value: str) -> None:
    """An invalid ID or wait does not enter the answer's head."""
    headers = {"x-amzn-requestid": value, "retry-after": value, "retry-after-ms": value}
    error = upstream_errors.parse(429, headers, b"{}")
    assert (error.bedrock_request_id, error.headers()) == (None, {})


@pytest.mark.parametrize("status", [400, 404, 429, 500])
def test_the_key_that_we_sent_is_not_repeated(status: int) -> None:
    """An error that repeats the Authorization header loses it, whatever the status."""
    body = {"error": {"message": "you sent Authorization: Bearer our-key-1", "code": "our-key-1"}}
    error = upstream_errors.parse(
        status,
        {"x-amzn-requestid": "our-key-1"},
        json.dumps(body).encode(),
        lambda text: text.replace("our-key-1", "***"),
    )
    assert "our-key-1" not in f"{error.message} {error.code} {error.bedrock_request_id}"
    assert error.message.startswith("you sent Authorization: ")
