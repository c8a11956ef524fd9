"""The chat function's log lines: their IDs and numbers, and no text of a caller or a model."""

from __future__ import annotations

import json
import logging
from io import StringIO

import httpx
import pytest

from tests.unit.chat_gateway.api_calls import COMPLETION, KEY, PROMPT, answering, event, ok
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.conftest import Asking


def test_one_log_line_joins_every_id(asking: Asking, log: StringIO) -> None:
    """A request's one log line has every ID, and nothing of the prompt, the completion or the key."""
    gateway = asking(ok)
    gateway.handle(event(headers={"X-Client-Request-Id": ["mine-1"], "x-stainless-retry-count": ["1"]}))
    line = json.loads(log.getvalue())
    expected = {
        "message": "chat completion",
        "level": "INFO",
        "request_id": "our-id",
        "api_request_id": "settable-id",
        "lambda_request_id": "lambda-id",
        "bedrock_request_id": "bedrock-id",
        "client_request_id": "mine-1",
        "client": "team-a",
        "model": VALID["model"],
        "status": 200,
        "prompt_tokens": 3,
        "completion_tokens": 5,
        "total_tokens": 8,
        "sdk_retry_count": 1,
    }
    assert expected.items() <= line.items()
    assert line["latency_ms"] >= 0
    for secret in (PROMPT, "whisper", KEY):
        assert secret not in log.getvalue()


def test_libraries_add_no_line_of_their_own_where_lambda_logs_at_info(
    asking: Asking, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = asking(ok)
    with caplog.at_level(logging.INFO):
        gateway.handle(event())
    assert [record.name for record in caplog.records if not record.name.startswith("test-")] == []


@pytest.mark.parametrize("foreign", ["half \ud800", "\x00\x1b[2J", "words of a prompt " * 500])
def test_a_foreign_error_is_one_log_line(asking: Asking, log: StringIO, foreign: str) -> None:
    """A request whose Bedrock error holds any text has one log line, without that text."""
    error = {"message": foreign, "code": foreign, "type": foreign, "param": foreign}
    gateway = asking(answering(httpx.Response(400, content=json.dumps({"error": error}).encode())))
    status, _, body = gateway.handle(event())
    assert (status, body["error"]["code"], body["error"]["type"]) == (400, None, "invalid_request_error")
    (line,) = log.getvalue().splitlines()
    assert json.loads(line)["status"] == 400
    assert foreign not in line
    assert json.dumps(foreign)[1:-1] not in line


@pytest.mark.parametrize(
    "model",
    [
        "bcg-0123456789abcdefghijklmnopqrstuvwxyz",
        "openai.bcg-0123456789abcdefghij",
        "What_is_my_salary",
        PROMPT,
        "ABSKQmVkcm9ja0FQSUtleS0xMjM0",
        "Bearer x",
        "openai." + "x" * 300,
    ],
)
def test_a_model_that_is_none_is_not_logged(asking: Asking, log: StringIO, model: str) -> None:
    """A caller's key or text in place of a model is not logged."""
    gateway = asking(ok)
    gateway.handle(event({**VALID, "model": model}))
    assert json.loads(log.getvalue())["model"] == "(not a model id)"


@pytest.mark.parametrize(
    "model",
    [
        "openai.gpt-oss-120b-1:0",
        "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
        "global.openai.gpt-6-astra",
        "deepseek.v3.1",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123",
        "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/openai.gpt-oss-20b-1:0",
    ],
)
def test_a_model_id_is_logged(asking: Asking, log: StringIO, model: str) -> None:
    """IDs and ARNs of models and profiles are logged unchanged."""
    gateway = asking(ok)
    gateway.handle(event({**VALID, "model": model}))
    assert json.loads(log.getvalue())["model"] == model


@pytest.mark.parametrize("request_id", ["my salary is 7", "bcg-0123456789abcdefghij", "x" * 200])
def test_a_client_request_id_that_is_none_is_not_logged(
    asking: Asking, log: StringIO, request_id: str
) -> None:
    """The caller gets its request ID back; the log shows it only if it can be an ID."""
    gateway = asking(ok)
    _, headers, _ = gateway.handle(event(headers={"X-Client-Request-Id": [request_id]}))
    assert headers["x-client-request-id"] == request_id
    assert json.loads(log.getvalue())["client_request_id"] == "(not shown)"


@pytest.mark.parametrize("count", [True, -1, 2**70, "3", 1.5, None])
def test_a_token_count_that_is_none_is_not_logged(asking: Asking, log: StringIO, count: object) -> None:
    """Only whole numbers of a plausible size are logged as token counts."""
    usage = {"prompt_tokens": count, "completion_tokens": 5}
    gateway = asking(answering(httpx.Response(200, json={**COMPLETION, "usage": usage})))
    gateway.handle(event())
    line = json.loads(log.getvalue())
    assert ("prompt_tokens" in line, line["completion_tokens"]) == (False, 5)


@pytest.mark.parametrize(
    ("method", "path", "shown"),
    [
        ("GET", "/openai/v1/embeddings", "/openai/v1/embeddings"),
        ("POST", "/v1/bcg-0123456789abcdefghij", None),
        ("POST", "/" + "x" * 300, None),
        ("POST", "/caf\u00e9 \x1b", None),
    ],
)
def test_a_404_says_what_came(
    asking: Asking, log: StringIO, method: str, path: str, shown: str | None
) -> None:
    """The log line of an unknown path has the method, and the path if the path is harmless."""
    gateway = asking(ok)
    status, _, body = gateway.handle({**event(resource="/{proxy+}", method=method), "path": path})
    line = json.loads(log.getvalue())
    assert (status, line["method"], line.get("path")) == (404, method, shown)
    assert path in body["error"]["message"] or shown is None


def test_a_405_says_what_came(asking: Asking, log: StringIO) -> None:
    """The log line of a wrong method has the method, and the path without its query."""
    gateway = asking(ok)
    status, _, _ = gateway.handle({**event(method="GET"), "path": "/v1/chat/completions?my=words"})
    line = json.loads(log.getvalue())
    assert (status, line["method"], line["path"]) == (405, "GET", "/v1/chat/completions")


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (httpx.ConnectTimeout(""), "ConnectTimeout"),
        (httpx.ConnectError("connection refused"), "ConnectError connection refused"),
        (httpx.RemoteProtocolError("too many fields"), "RemoteProtocolError too many fields"),
    ],
)
def test_a_failed_connection_has_a_cause(
    asking: Asking, log: StringIO, failure: Exception, cause: str
) -> None:
    """The log line of a failed connection gives the cause."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise failure

    gateway = asking(fail)
    gateway.handle(event())
    assert json.loads(log.getvalue())["reason"] == cause


def test_a_400_of_bedrocks_is_logged_with_its_place(asking: Asking, log: StringIO) -> None:
    """The log line has Bedrock's code and param, but not its message."""
    error = {"message": PROMPT, "code": "unsupported_value", "param": "messages[0].content"}
    gateway = asking(answering(httpx.Response(400, json={"error": error})))
    gateway.handle(event())
    line = json.loads(log.getvalue())
    assert (line["error_code"], line["error_param"]) == ("unsupported_value", "messages[0].content")
    assert PROMPT not in log.getvalue()
