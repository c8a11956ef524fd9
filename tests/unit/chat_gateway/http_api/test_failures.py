"""Failures of Bedrock, of the connection and of the gateway: the caller's answer, and the number of attempts."""

from __future__ import annotations

import json
from io import StringIO

import httpx
import pytest

from chat_gateway.core.errors import ConfigurationError
from chat_gateway.http_api.handler import ChatState
from tests.unit.chat_gateway.api_calls import COMPLETION, KEY, PROMPT, answering, event, function_for
from tests.unit.chat_gateway.bedrock_calls import MAX_ANSWER_BYTES
from tests.unit.chat_gateway.conftest import Asking
from tests.unit.chat_gateway.lambda_calls import FakeContext


@pytest.mark.parametrize(
    ("response", "status", "code"),
    [
        (
            httpx.Response(400, json={"error": {"message": "bad stop", "code": "validation_error"}}),
            400,
            "validation_error",
        ),
        (httpx.Response(404, json={"error": {"message": "no such model"}}), 404, "model_not_found"),
        (
            httpx.Response(429, json={"message": "slow"}, headers={"retry-after": "7"}),
            429,
            "rate_limit_exceeded",
        ),
        (httpx.Response(503, json={"message": "busy"}), 503, None),
        (httpx.Response(529, json={"message": "busy"}), 529, None),
        (httpx.Response(200, json={"Output": {}, "Version": "1.0"}), 502, "upstream_invalid_response"),
    ],
)
def test_bedrocks_errors_reach_the_caller_in_our_shape(
    asking: Asking, response: httpx.Response, status: int, code: str | None
) -> None:
    response.headers["x-amzn-requestid"] = "bedrock-id"
    gateway = asking(answering(*[response] * 3))
    got, headers, body = gateway.handle(event())
    assert (got, body["error"]["code"]) == (status, code)
    assert headers["x-bedrock-request-id"] == "bedrock-id"
    assert headers.get("retry-after") == response.headers.get("retry-after")


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (httpx.ReadTimeout("late"), 504, "gateway_timeout"),
        (httpx.ConnectError("refused by host-7"), 502, "upstream_connection_error"),
    ],
)
def test_a_broken_connection_is_502_and_a_late_answer_504(
    asking: Asking, failure: httpx.RequestError, status: int, code: str
) -> None:
    def bedrock(_: httpx.Request) -> httpx.Response:
        raise failure

    gateway = asking(bedrock)
    got, _, body = gateway.handle(event())
    assert (got, body["error"]["code"]) == (status, code)
    assert "host-7" not in json.dumps(body)


def test_an_answer_over_the_limit_is_final(asking: Asking) -> None:
    """An answer over the limit is a 502 that no SDK retries: the next one would be as large, and be paid for, too."""
    gateway = asking(lambda _: httpx.Response(200, json={**COMPLETION, "pad": "x" * MAX_ANSWER_BYTES}))
    status, headers, body = gateway.handle(event())
    assert (status, body["error"]["code"]) == (502, "response_too_large")
    assert headers["x-should-retry"] == "false"


@pytest.mark.parametrize("secret", ["", "REPLACE-WITH-A-BEDROCK-API-KEY", '{"apikey": "x"}'])
def test_a_secret_without_a_key_is_final(asking: Asking, log: StringIO, secret: str) -> None:
    """A secret without a key is a 503 that no SDK retries, and the log line names the secret."""
    gateway = asking(lambda _: pytest.fail("Bedrock was asked"), secret=secret)
    status, headers, body = gateway.handle(event())
    assert (status, body["error"]["code"]) == (503, "upstream_credentials_invalid")
    assert headers["x-should-retry"] == "false"
    line = json.loads(log.getvalue())
    assert line["secret_arn"] == "arn:aws:secretsmanager:us-east-1:000000000000:secret:key"
    assert line["level"] == "ERROR"
    assert line["reason"]


def test_a_key_that_bedrock_refuses_is_503_never_401(asking: Asking, log: StringIO) -> None:
    gateway = asking(lambda _: httpx.Response(403, json={"Message": "Bearer Token has expired"}))
    status, _, body = gateway.handle(event())
    assert (status, body["error"]["code"]) == (503, "upstream_credentials_invalid")
    assert "the key has expired" in json.loads(log.getvalue())["reason"]
    assert KEY not in log.getvalue()


def test_a_fault_of_ours_is_500(asking: Asking, log: StringIO) -> None:
    """A fault's place is in the log; its message is neither in the log nor in the answer."""

    def bedrock(_: httpx.Request) -> httpx.Response:
        raise LookupError(PROMPT)

    gateway = asking(bedrock)
    status, headers, body = gateway.handle(event())
    assert (status, body["error"]["code"]) == (500, "internal_error")
    assert headers["x-request-id"] == "our-id"
    line = json.loads(log.getvalue())
    assert line["fault_class"] == "LookupError"
    assert any("test_failures.py" in frame for frame in line["fault_stack"])
    assert PROMPT not in log.getvalue()
    assert "test_failures" not in json.dumps(body)


def test_a_wrong_setting_is_500(log: StringIO) -> None:
    """The log line of every request names a wrong setting, and the caller does not see it."""

    def wrong() -> ChatState:
        raise ConfigurationError("BEDROCK_BASE_URL is missing and has no default.")

    function = function_for(wrong, log)
    for _ in range(3):
        response = function.handle(event(), FakeContext())  # type: ignore[arg-type]
        assert response.status_code == 500
        assert json.loads(b"".join(response.body))["error"]["code"] == "internal_error"
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert all("BEDROCK_BASE_URL is missing" in line["reason"] for line in lines)
    assert {line["request_id"] for line in lines} == {"our-id"}
    assert len({len(line["fault_stack"]) for line in lines}) == 1


def test_a_wrong_setting_leaves_404_alone(log: StringIO) -> None:
    """An answer that needs no setting works in spite of a wrong setting."""

    def wrong() -> ChatState:
        raise ConfigurationError("BEDROCK_BASE_URL is missing and has no default.")

    response = function_for(wrong, log).handle(event(resource="/{proxy+}"), FakeContext())  # type: ignore[arg-type]
    assert response.status_code == 404


def test_an_answer_over_the_limit_is_502(asking: Asking) -> None:
    """A buffered answer over the limit is a 502 and is not read to its end."""
    gateway = asking(answering(httpx.Response(200, json={**COMPLETION, "pad": "x" * 9_000_000})))
    status, _, body = gateway.handle(event())
    assert (status, body["error"]["code"]) == (502, "response_too_large")


BUSY = httpx.Response(503, json={"message": "busy"})


def test_a_passing_failure_is_tried_again(asking: Asking, log: StringIO) -> None:
    """A temporary failure of Bedrock is retried, and the log line counts the attempts."""
    gateway = asking(answering(BUSY, httpx.Response(200, json=COMPLETION)))
    assert gateway.handle(event())[0] == 200
    assert json.loads(log.getvalue())["upstream_attempts"] == 2


@pytest.mark.parametrize(("sdk_retries", "asked"), [(None, 3), ("0", 3), ("1", 2), ("many", 3)])
def test_a_caller_that_is_already_repeating_itself_gets_fewer_attempts(
    asking: Asking, log: StringIO, sdk_retries: str | None, asked: int
) -> None:
    gateway = asking(answering(*[BUSY] * asked))
    headers = {} if sdk_retries is None else {"x-stainless-retry-count": [sdk_retries]}
    assert gateway.handle(event(headers=headers))[0] == 503
    assert json.loads(log.getvalue())["upstream_attempts"] == asked


def test_a_long_wait_that_bedrock_asks_for_is_the_callers_at_once(asking: Asking, log: StringIO) -> None:
    gateway = asking(answering(httpx.Response(429, json={"message": "slow"}, headers={"retry-after": "30"})))
    status, headers, _ = gateway.handle(event())
    assert (status, headers["retry-after"]) == (429, "30")
    assert json.loads(log.getvalue())["upstream_attempts"] == 1
