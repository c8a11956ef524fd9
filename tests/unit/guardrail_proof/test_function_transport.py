"""A request through the transport reaches the function as API Gateway's event, and its answer comes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest
from botocore.awsrequest import AWSResponse
from urllib3.exceptions import ProtocolError

from chat_gateway.http_api import http_request
from client_keys.no_limits import NO_LIMITS
from guardrail_proof import function_transport
from guardrail_proof.function_transport import FunctionTransport
from tests.unit.guardrail_proof.invoked_functions import Functions, refused, streamed

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

VERSION = "arn:aws:lambda:us-east-1:123456789012:function:gateway-api:7"
HEAD = b'{"statusCode": 201, "headers": {"x-should-retry": "false"}}' + bytes(8)


def asked(functions: Functions, *, timeout_s: float = 40) -> httpx.Response:
    client: LambdaClient = functions.session.client("lambda")
    transport = FunctionTransport(client, VERSION, client_id="prove", timeout_s=timeout_s)
    with httpx.Client(transport=transport, trust_env=False) as http:
        return http.post("https://function/openai/v1/chat/completions", json={"model": "m"})


def test_event_is_api_gateways() -> None:
    """The gateway reads the event as a chat completion of a client without limits."""
    functions = Functions(lambda event: streamed(HEAD, b"{}"))
    asked(functions)
    (event,) = functions.events
    request = http_request.read(event)
    request.check()
    assert request.is_chat_completion
    assert (request.client, request.client_policy) == ("prove", NO_LIMITS)
    assert json.loads(request.body(max_bytes=99)) == {"model": "m"}
    assert request.request_id


def test_version_is_invoked() -> None:
    """The version's own ARN is invoked: not the alias, behind which the old version still is."""
    functions = Functions(lambda event: streamed(HEAD))
    asked(functions)
    (url,) = functions.invoked
    assert httpx.URL(url).path.split("/")[3] == VERSION


def test_pieces_are_joined() -> None:
    """A streamed answer comes in pieces that need not end where its parts do."""
    answer = asked(Functions(lambda event: streamed(HEAD[:-3], HEAD[-3:] + b"da", b"ta")))
    assert (answer.status_code, answer.content) == (201, b"data")
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (refused("AccessDeniedException"), "AccessDeniedException"),
        (streamed(HEAD, b"da", error_code="Function.TimedOut"), "invocation_Function.TimedOut"),
        (streamed(HEAD, fault=ProtocolError("a secret")), "ProtocolError"),
        (streamed(b'{"errorType": "ImportError", "errorMessage": "a secret"}'), "NotAnAnswerError"),
        (streamed(), "NotAnAnswerError"),
    ],
)
def test_no_answer_is_502(response: AWSResponse, code: str) -> None:
    """The 502 names the error, and repeats no text."""
    answer = asked(Functions(lambda event: response))
    assert (answer.status_code, answer.json()) == (502, {"error": {"code": code}})


def test_answer_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer without end does not fill the memory."""
    monkeypatch.setattr(function_transport, "_MAX_PAYLOAD_BYTES", 99)
    answer = asked(Functions(lambda event: streamed(HEAD, *[b"x" * 60] * 9)))
    assert answer.json() == {"error": {"code": "answer_too_large"}}


def test_slow_answer_ends() -> None:
    """A stream that keeps sending ends when its time is up."""
    answer = asked(Functions(lambda event: streamed(HEAD, b"x")), timeout_s=0)
    assert answer.json() == {"error": {"code": "answer_too_slow"}}
