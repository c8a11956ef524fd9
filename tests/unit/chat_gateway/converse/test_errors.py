"""Converse's errors have the status, type and code that OpenAI's clients know."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.completions.retry import is_retryable
from chat_gateway.converse import errors
from chat_gateway.converse.event_stream import Event
from chat_gateway.core.errors import GatewayError, UpstreamCredentialsError, UpstreamError
from tests.unit.chat_gateway.converse_events import exception


def error_of(status: int, name: str | None = None, message: str = "no", **headers: str) -> GatewayError:
    named = {} if name is None else {"x-amzn-errortype": f"{name}:http://internal.amazon.com/coral/"}
    ids = {"x-amzn-requestid": "r", **{key.replace("_", "-"): value for key, value in headers.items()}}
    return errors.http_error(status, named | ids, json.dumps({"message": message}).encode())


@pytest.mark.parametrize(
    ("status", "name", "seen"),
    [
        (400, "ValidationException", (400, "invalid_request_error", None)),
        (400, "ServiceQuotaExceededException", (429, "rate_limit_error", "rate_limit_exceeded")),
        (404, "ResourceNotFoundException", (404, "not_found_error", "model_not_found")),
        (408, "ModelTimeoutException", (504, "server_error", "gateway_timeout")),
        (424, "ModelErrorException", (502, "server_error", "model_error")),
        (429, "ThrottlingException", (429, "rate_limit_error", "rate_limit_exceeded")),
        (429, "ModelNotReadyException", (503, "server_error", "model_not_ready")),
        (500, "InternalServerException", (500, "server_error", None)),
        (503, "ServiceUnavailableException", (503, "server_error", None)),
        (408, None, (504, "server_error", "gateway_timeout")),
        (424, "NewException", (502, "server_error", "model_error")),
        (429, None, (429, "rate_limit_error", "rate_limit_exceeded")),
        (418, "NewException", (418, "invalid_request_error", None)),
    ],
)
def test_a_named_error_has_openais_words(
    status: int, name: str | None, seen: tuple[int, str, str | None]
) -> None:
    """AWS's name decides, and without a known name the status."""
    error = error_of(status, name)
    assert (error.status, error.type, error.code, error.message, error.bedrock_request_id) == (
        *seen,
        "no",
        "r",
    )


@pytest.mark.parametrize("status", [408, 424, 429, 500, 503])
def test_what_aws_retries_is_retried(status: int) -> None:
    """An error that AWS's SDKs retry is retryable with its new status too."""
    assert is_retryable(error_of(status))


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (
            "The model returned the following errors: Input is too long for requested model.",
            "context_length_exceeded",
        ),
        ("prompt is too long: 204984 tokens > 200000 maximum", "context_length_exceeded"),
        ("Too many input tokens. Max input tokens: 8192", "context_length_exceeded"),
        ("expected maxLength: 1000000, actual: 1000002, please reformat", "context_length_exceeded"),
        ("The text field in the ContentBlock object is blank.", None),
    ],
)
def test_a_refused_request_says_why(message: str, code: str | None) -> None:
    """A prompt that is too long has the code that clients look for; the status stays."""
    error = error_of(400, "ValidationException", message)
    assert (error.status, error.code, error.message) == (400, code, message)


def test_an_unknown_model_is_a_404() -> None:
    """Converse's 400 for an unknown id is the 404 of OpenAI's API, whose clients have an exception for it."""
    error = error_of(400, "ValidationException", "The provided model identifier is invalid.")
    assert (error.status, error.type, error.code) == (404, "not_found_error", "model_not_found")


def test_a_throttle_about_tokens_is_no_long_prompt() -> None:
    """Too many tokens in a minute is a rate limit."""
    error = error_of(429, "ThrottlingException", "Too many tokens, please wait before trying again.")
    assert error.code == "rate_limit_exceeded"


def test_the_wait_that_bedrock_asks_for_is_kept() -> None:
    """`retry-after` reaches the caller with the changed status too."""
    assert error_of(429, "ModelNotReadyException", retry_after="2").headers() == {"retry-after": "2"}


def test_a_name_in_the_body_counts() -> None:
    """An answer without the header may name its error in `__type`, with a namespace."""
    content = json.dumps({"__type": "com.amazon.bedrock#ModelTimeoutException", "Message": "late"}).encode()
    error = errors.http_error(400, {}, content)
    assert (error.status, error.message) == (504, "late")


@pytest.mark.parametrize(
    "name", ["UnrecognizedClientException", "ExpiredTokenException", "IncompleteSignature"]
)
def test_our_bad_credentials_are_not_the_callers_fault(name: str) -> None:
    """A 400 about the gateway's credentials is a 503 without AWS's text."""
    error = error_of(400, name, "The security token SECRET is invalid")
    assert isinstance(error, UpstreamCredentialsError)
    assert (error.status, error.bedrock_request_id) == (503, "r")
    assert "SECRET" not in error.body() + error.reason


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("validationException", (400, "invalid_request_error", None)),
        ("throttlingException", (429, "rate_limit_error", "rate_limit_exceeded")),
        ("modelStreamErrorException", (502, "server_error", "model_error")),
        ("internalServerException", (500, "server_error", None)),
        ("serviceUnavailableException", (503, "server_error", None)),
        ("newException", (502, "server_error", None)),
        ("", (502, "server_error", None)),
    ],
)
def test_an_exception_event_has_the_status_it_would_have_had(
    kind: str, seen: tuple[int, str, str | None]
) -> None:
    """An exception in a stream means what the error answer of that name means."""
    error = errors.of_event(exception(kind, originalStatusCode=418), "r")
    assert (error.status, error.type, error.code, error.message, error.bedrock_request_id) == (
        *seen,
        "no",
        "r",
    )


def test_the_words_of_an_event_are_where_it_has_them() -> None:
    """The message stands in the payload, or with an error of the protocol in a header."""
    original = exception("modelStreamErrorException", None, originalMessage="overloaded")
    header = Event("error", "InternalServerException", b"", "broken")
    neither = Event("exception", "validationException", b"<html>")
    said = [errors.of_event(event, None).message for event in (original, header, neither)]
    assert said == ["overloaded", "broken", "Bedrock ended the stream with an error."]
    assert errors.of_event(header, None).status == 500


def test_an_error_does_not_repeat_our_key() -> None:
    """Neither an answer nor an event shows the key that we sent."""
    content = json.dumps({"message": "key our-key-1 is bad", "__type": "our-key-1"}).encode()

    def conceal(text: str) -> str:
        return text.replace("our-key-1", "***")

    answered = errors.http_error(400, {}, content, conceal)
    streamed = errors.of_event(Event("error", "our-key-1", content, "our-key-1"), None, conceal)
    assert "our-key-1" not in answered.body() + streamed.body()


NAMES = st.text(max_size=5) | st.sampled_from(
    ["ValidationException", "ThrottlingException", "ExpiredTokenException"]
)
CONTENTS = st.binary() | st.dictionaries(
    st.sampled_from(["message", "Message", "__type", "originalMessage", "error"]),
    st.none() | st.integers() | NAMES | st.lists(NAMES, max_size=2),
).map(lambda document: json.dumps(document).encode())


@given(st.integers(400, 599), NAMES, CONTENTS, st.none() | st.text(max_size=5))
def test_anything_becomes_an_error_that_the_sdks_can_read(
    status: int, name: str, content: bytes, words: str | None
) -> None:
    """Any answer and any event gives an error with a status and OpenAI's four fields."""
    answered = errors.http_error(status, {"x-amzn-errortype": name}, content)
    streamed = errors.of_event(Event("exception", name, content, words), None)
    assert isinstance(streamed, UpstreamError)
    for error in (answered, streamed):
        assert 400 <= error.status < 600
        assert json.loads(error.body())["error"].keys() == {"message", "type", "param", "code"}
