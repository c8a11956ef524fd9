"""An event is read once; any fault in it becomes an answer and a log line."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat_gateway.core.errors import InvalidRequestError, RequestTooLargeError
from chat_gateway.http_api import http_request
from chat_gateway.http_api.http_request import MalformedEventError
from tests.unit.chat_gateway.api_calls import ChatCalls, completions_for, event, ok
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.lambda_calls import FakeContext

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_PARTS = ["resource", "path", "httpMethod", "multiValueHeaders", "requestContext", "body", "isBase64Encoded"]


@pytest.mark.parametrize("pad", [0, 1, 2, 3, 4])
def test_the_largest_allowed_body_passes_whatever_its_base64_padding(pad: int) -> None:
    body = json.dumps({**VALID, "pad": "x" * pad}).encode()
    request = http_request.read(event(body))
    assert request.body(max_bytes=len(body)) == body
    with pytest.raises(RequestTooLargeError):
        request.body(max_bytes=len(body) - 1)


def test_reading_decodes_no_body() -> None:
    """A body that cannot be decoded fails only when it is read, after the IDs are in the log."""
    request = http_request.read({**event(), "body": "not base64"})
    assert request.request_id == "our-id"
    with pytest.raises(InvalidRequestError):
        request.body(max_bytes=100)


@pytest.mark.parametrize(
    "headers", [["accept"], {"accept": 1}, {"accept": [1]}, {"accept": [None]}, "accept"]
)
def test_malformed_headers_are_a_fault(headers: object) -> None:
    """No malformed header is dropped silently, since it could name a guardrail."""
    request = http_request.read({**event(), "multiValueHeaders": headers})
    assert request.request_id == "our-id"
    with pytest.raises(MalformedEventError, match="multiValueHeaders"):
        request.check()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(_PARTS), _JSON) | _JSON)
def test_any_event_is_answered(part: object) -> None:
    """Any event gets an answer in OpenAI's shape and one log line, with the same ID."""
    log = StringIO()
    gateway = ChatCalls.of(completions_for(ok), log)
    request = {**event(), **part} if isinstance(part, dict) else part
    response = gateway.function.handle(request, FakeContext())  # type: ignore[arg-type]
    with_error = response.status_code != 200
    body = json.loads(b"".join(response.body))
    response.close()
    assert not with_error or set(body["error"]) >= {"message", "type", "code", "param"}
    (line,) = map(json.loads, log.getvalue().splitlines())
    assert line["request_id"] == response.headers["x-request-id"]
    assert line["status"] == response.status_code


@pytest.mark.parametrize(
    ("host", "path", "base_url"),
    [
        ("abc123.execute-api.eu-central-1.amazonaws.com", "/v1/responses", "https://{host}/prod/openai/v1"),
        (
            "abc123.execute-api.eu-central-1.amazonaws.com",
            "/a%20b/responses",
            "https://{host}/prod/openai/v1",
        ),
        ("ai.example.com", "/llm/v1/responses", "/openai/v1"),
        (None, "/v1/responses", "/openai/v1"),
    ],
)
def test_a_base_url_is_never_cut_from_a_path(host: str | None, path: str, base_url: str) -> None:
    """The base URL comes from API Gateway's host and stage; for a custom domain only its end is known."""
    context = {"domainName": host, "stage": "prod", "path": f"/prod{path}/"}
    assert http_request.read({"path": path, "requestContext": context}).base_url == base_url.format(host=host)
