"""The context of a handler, compared with awslambdaric's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from awslambdaric.lambda_context import LambdaContext as AwsContext  # type: ignore[import-untyped]

from response_streaming.context import LambdaContext
from response_streaming.failures import FaultError
from response_streaming.responses import StreamingResponse
from tests.runtime_api import RuntimeApiServer
from tests.unit.response_streaming.conftest import Serve
from tests.unit.response_streaming.functions import answers

ENV = {
    "AWS_LAMBDA_FUNCTION_NAME": "tested",
    "AWS_LAMBDA_FUNCTION_VERSION": "7",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/tested",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/23/[7]abc",
}
CLIENT = {
    "installation_id": "i",
    "app_title": "t",
    "app_version_name": "n",
    "app_version_code": "c",
    "app_package_name": "p",
}
IDENTITY = {"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}


@pytest.fixture
def lambda_env(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)


def not_called(response: StreamingResponse) -> None:
    raise AssertionError("nothing is streamed here")


def made(**headers: str | None) -> LambdaContext:
    return LambdaContext(request_id="request-1", deadline_ms=0, stream_response=not_called, **headers)


def read(context: Any) -> dict[str, Any]:
    """All that a handler can read from its context, of whichever runtime."""
    sent = context.client_context
    client = sent and sent.client
    return {
        **{name: getattr(context, name) for name in answers.PLAIN},
        "identity": (context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id),
        "client context": sent and (sent.custom, sent.env),
        "client": client and {name: getattr(client, name) for name in CLIENT},
        "w3c": context.w3c(),
    }


CLIENT_CONTEXTS: list[dict[str, Any] | None] = [
    None,
    {},
    {"client": CLIENT, "custom": {"a": 1}, "env": {"locale": "de"}},
    {"client": {"app_title": "t", "other": 1}},
    {"client": None, "custom": [1]},
    {"w3c": {"traceparent": "p", "tracestate": "s", "baggage": "b", "other": "o"}},
    {"w3c": {"traceparent": 1, "tracestate": None, "baggage": "b"}},
    {"w3c": "traceparent"},
]


@pytest.mark.usefixtures("lambda_env")
@pytest.mark.parametrize("sent", CLIENT_CONTEXTS, ids=str)
def test_attributes(sent: dict[str, Any] | None) -> None:
    """A handler reads the same values from this context as from awslambdaric's."""
    ours = made(
        client_context=None if sent is None else json.dumps(sent),
        cognito_identity=json.dumps(IDENTITY),
        invoked_function_arn="arn",
        tenant_id="tenant",
    )
    theirs = AwsContext("request-1", sent, IDENTITY, 0, "arn", "tenant")
    assert read(ours) == read(theirs)


def test_served_attributes(api: RuntimeApiServer, serve: Serve, lambda_env: None) -> None:
    """The context has the values of the event's headers and of Lambda's variables."""
    invocation = api.invoke(
        headers={
            "Lambda-Runtime-Client-Context": json.dumps({"client": CLIENT, "w3c": {"traceparent": "p"}}),
            "Lambda-Runtime-Cognito-Identity": json.dumps(IDENTITY),
            "Lambda-Runtime-Aws-Tenant-Id": "tenant",
            "Lambda-Runtime-Trace-Id": "Root=1-a",
        }
    )
    serve(answers.about_context)
    assert json.loads(invocation.answer().content) == {
        "function_name": "tested",
        "function_version": "7",
        "memory_limit_in_mb": "512",
        "log_group_name": "/aws/lambda/tested",
        "log_stream_name": "2026/11/23/[7]abc",
        "invoked_function_arn": invocation.headers["Lambda-Runtime-Invoked-Function-Arn"],
        "aws_request_id": "request-1",
        "tenant_id": "tenant",
        "identity": ["i", "p"],
        "client": "t",
        "custom": None,
        "w3c": {"traceparent": "p"},
        "time left": True,
        "trace": "Root=1-a",
    }


def test_nothing_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """What neither Lambda nor the caller says is None, also where a header is empty."""
    for name in ENV:
        monkeypatch.delenv(name, raising=False)
    context = made(client_context="", cognito_identity="")
    assert {name for name, value in read(context).items() if value is not None} == {
        "aws_request_id",
        "identity",
        "w3c",
    }
    assert (read(context)["identity"], read(context)["w3c"]) == ((None, None), {})


@pytest.mark.parametrize("name", ["client_context", "cognito_identity"])
def test_a_header_without_json(name: str) -> None:
    """A header that does not hold JSON is an error with awslambdaric's type, which names what was sent."""
    with pytest.raises(FaultError, match=name.replace("_", " ").title()) as caught:
        made(**{name: "{"})
    assert caught.value.error_type == "Runtime.LambdaContextUnmarshalError"


def test_w3c_is_a_copy() -> None:
    """A handler that changes the trace context changes nothing that others read."""
    context = made(client_context=json.dumps({"w3c": {"traceparent": "p"}}))
    context.w3c().clear()
    assert context.w3c() == {"traceparent": "p"}


def test_log(capsys: pytest.CaptureFixture[str]) -> None:
    """What is logged is written to stdout as it is, without a line end."""
    made().log("grün")
    made().log(1)
    assert capsys.readouterr().out == "grün1"


@pytest.mark.usefixtures("lambda_env")
def test_shown() -> None:
    """In a log the context shows the request and the function, and a client context its attributes."""
    context = made(client_context=json.dumps({"client": CLIENT, "custom": {"a": 1}}))
    assert repr(context) == "LambdaContext([aws_request_id=request-1,function_name=tested])"
    client = (
        "Client([app_package_name=p,app_title=t,app_version_code=c,app_version_name=n,installation_id=i])"
    )
    assert repr(context.client_context) == f"ClientContext([client={client},custom={{'a': 1}},env=None])"
