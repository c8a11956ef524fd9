"""The chat function as API Gateway calls it: every answer, its headers, and its one log line."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import httpx
import pytest

from chat_gateway import chat_request
from chat_gateway.allowed_models import AllowedModels
from chat_gateway.completions import Completions
from chat_gateway.entrypoints import api, proxy_event
from chat_gateway.errors import ConfigurationError, RequestTooLargeError
from chat_gateway.guardrails import Guardrail
from tests.unit.chat_gateway.api_calls import COMPLETION, PROMPT, answering, event, handle, ok
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.conftest import KEY


@pytest.mark.parametrize("resource", chat_request.PATHS)
@pytest.mark.parametrize("encoded", [True, False])
def test_both_routes_answer_with_bedrocks_json_and_every_id(
    use_bedrock: Callable[..., None], resource: str, encoded: bool
) -> None:
    use_bedrock(ok)
    status, headers, body = handle(event(resource=resource, encoded=encoded))
    assert (status, body) == (200, COMPLETION)
    assert headers == {
        "content-type": "application/json",
        "x-request-id": "our-id",
        "x-bedrock-request-id": "bedrock-id",
    }


def test_one_log_line_joins_every_id_and_holds_no_word_of_prompt_completion_or_key(
    use_bedrock: Callable[..., None], log: StringIO
) -> None:
    use_bedrock(ok)
    handle(event(headers={"X-Client-Request-Id": ["mine-1"], "x-stainless-retry-count": ["1"]}))
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


def test_a_callers_own_request_id_is_echoed_and_never_taken_for_ours(
    use_bedrock: Callable[..., None],
) -> None:
    use_bedrock(ok)
    _, headers, _ = handle(event(headers={"x-CLIENT-request-id": ["mine-1"]}))
    assert headers["x-client-request-id"] == "mine-1"
    assert headers["x-request-id"] == "our-id"


@pytest.mark.parametrize("value", [["x" * 513], ["é"], ["a\nb"], [""], ["one", "two"]])
def test_a_request_id_that_is_none_is_ignored(
    use_bedrock: Callable[..., None], log: StringIO, value: list[str]
) -> None:
    """A client request id that OpenAI would not take does not fail the request, and the log says that it was ignored."""
    use_bedrock(ok)
    status, headers, _ = handle(event(headers={"X-Client-Request-Id": value}))
    assert status == 200
    assert "x-client-request-id" not in headers
    assert json.loads(log.getvalue())["client_request_id"] == "(ignored)"


def test_a_block_has_one_shape_a_header_and_an_audit_line_of_its_own(
    use_bedrock: Callable[..., None], log: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {"wordPolicy": {"customWords": [{"match": "elephant", "action": "BLOCKED"}] * 2}}
    blocked = {
        **COMPLETION,
        "id": "bedrock-guardrails-1",
        "amazon-bedrock-trace": {"guardrail": {"input": {"abc": found}}},
    }
    use_bedrock(
        answering(httpx.Response(200, json=blocked)), guardrail=Guardrail(identifier="abc", version="1")
    )
    status, headers, body = handle(event())
    assert (status, headers["x-guardrail-action"]) == (200, "INTERVENED")
    assert body["choices"][0]["finish_reason"] == "content_filter"
    assert "amazon-bedrock-trace" not in body
    audit, line = (json.loads(text) for text in log.getvalue().splitlines())
    assert audit["message"] == "guardrail intervention"
    assert (audit["request_id"], audit["client"]) == ("our-id", "team-a")
    finding = {"source": "input", "policy": "wordPolicy", "action": "BLOCKED"}
    assert (audit["guardrail_findings"], audit["guardrail_counts"]) == ([finding] * 2, {"wordPolicy": 2})
    assert line["guardrail_action"] == "INTERVENED"
    assert "elephant" not in log.getvalue()
    (metric,) = (json.loads(text) for text in capsys.readouterr().out.splitlines())
    assert (metric["GuardrailInterventions"], metric["policy"]) == ([1.0], "wordPolicy")


def test_half_a_surrogate_pair_in_a_blocked_answer_is_answered_and_logged_once(
    use_bedrock: Callable[..., None], log: StringIO
) -> None:
    text = '{"id": "bedrock-guardrails-1", "choices": [{"finish_reason": "stop", "message": {"content": "\\ud83d"}}]}'
    use_bedrock(answering(httpx.Response(200, text=text)))
    status, _, body = handle(event())
    assert (status, body["choices"][0]["message"]["content"]) == (200, "\ud83d")
    assert [json.loads(line)["message"] for line in log.getvalue().splitlines()].count("chat completion") == 1


def test_a_trace_that_the_environment_asked_for_stays_in_the_answer(use_bedrock: Callable[..., None]) -> None:
    traced = {**COMPLETION, "amazon-bedrock-trace": {"guardrail": {}}}
    guardrail = Guardrail(identifier="abc", version="1", trace="ENABLED")
    use_bedrock(answering(httpx.Response(200, json=traced)), guardrail=guardrail)
    assert handle(event())[2] == traced


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (event(b"{"), 400, None),
        (event(b"\xff"), 400, None),
        (event(b""), 400, None),
        (event([]), 400, None),
        (event({**VALID, "stream": "yes"}), 400, "invalid_type"),
        (event({"model": "m"}), 400, "missing_required_parameter"),
        (event({**VALID, "pad": "x" * 4_194_304}), 413, "request_too_large"),
        (event({**VALID, "pad": "x" * 4_194_304}, encoded=False), 413, "request_too_large"),
        ({**event(), "body": "%%%"}, 400, None),
        ({**event(), "body": None}, 400, None),
        (event(resource="/{proxy+}"), 404, "unknown_url"),
        (event(resource="/"), 404, "unknown_url"),
        (event(method="GET"), 405, "method_not_allowed"),
        ({}, 404, "unknown_url"),
    ],
)
def test_bad_input_gets_an_openai_shaped_error_without_asking_bedrock(
    use_bedrock: Callable[..., None], request_: dict[str, Any], status: int, code: str | None
) -> None:
    use_bedrock(lambda _: pytest.fail("Bedrock was asked"))
    got, headers, body = handle(request_)
    assert got == status
    assert body["error"].keys() == {"message", "type", "param", "code"}
    assert (body["error"]["type"], body["error"]["code"]) == ("invalid_request_error", code)
    assert headers["x-request-id"]
    if status == 405:
        assert headers["allow"] == "POST"


@pytest.mark.parametrize("pad", [0, 1, 2, 3, 4])
def test_the_largest_allowed_body_passes_whatever_its_base64_padding(
    pad: int,
) -> None:
    body = json.dumps({**VALID, "pad": "x" * pad}).encode()
    assert proxy_event.body(event(body), max_bytes=len(body)) == body
    with pytest.raises(RequestTooLargeError):
        proxy_event.body(event(body), max_bytes=len(body) - 1)


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
    use_bedrock: Callable[..., None], response: httpx.Response, status: int, code: str | None
) -> None:
    response.headers["x-amzn-requestid"] = "bedrock-id"
    use_bedrock(answering(*[response] * 3))
    got, headers, body = handle(event())
    assert (got, body["error"]["code"]) == (status, code)
    assert headers["x-bedrock-request-id"] == "bedrock-id"
    assert headers.get("retry-after") == response.headers.get("retry-after")


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (httpx.ReadTimeout("late"), 504, "gateway_timeout"),
        (httpx.ConnectError("refused by 10.0.0.7"), 502, "upstream_connection_error"),
    ],
)
def test_a_broken_connection_is_502_and_a_late_answer_504(
    use_bedrock: Callable[..., None], failure: httpx.RequestError, status: int, code: str
) -> None:
    def bedrock(_: httpx.Request) -> httpx.Response:
        raise failure

    use_bedrock(bedrock)
    got, _, body = handle(event())
    assert (got, body["error"]["code"]) == (status, code)
    assert "10.0.0.7" not in json.dumps(body)


@pytest.mark.parametrize("secret", ["", "REPLACE-WITH-A-BEDROCK-API-KEY", '{"apikey": "x"}'])
def test_a_secret_without_a_key_is_503_no_retry_and_a_log_line_that_says_which(
    use_bedrock: Callable[..., None], log: StringIO, secret: str
) -> None:
    use_bedrock(lambda _: pytest.fail("Bedrock was asked"), secret=secret)
    status, headers, body = handle(event())
    assert (status, body["error"]["code"]) == (503, "upstream_credentials_invalid")
    assert headers["x-should-retry"] == "false"
    line = json.loads(log.getvalue())
    assert line["secret_arn"] == "arn:aws:secretsmanager:us-east-1:000000000000:secret:key"
    assert line["level"] == "ERROR"
    assert line["reason"]


def test_a_key_that_bedrock_refuses_is_503_never_401(use_bedrock: Callable[..., None], log: StringIO) -> None:
    use_bedrock(lambda _: httpx.Response(403, json={"Message": "Bearer Token has expired"}))
    status, _, body = handle(event())
    assert (status, body["error"]["code"]) == (503, "upstream_credentials_invalid")
    assert "the key has expired" in json.loads(log.getvalue())["reason"]
    assert KEY not in log.getvalue()


def test_a_fault_of_ours_is_500_with_its_place_but_not_its_message_in_the_log(
    use_bedrock: Callable[..., None], log: StringIO
) -> None:
    def bedrock(_: httpx.Request) -> httpx.Response:
        raise LookupError(PROMPT)

    use_bedrock(bedrock)
    status, headers, body = handle(event())
    assert (status, body["error"]["code"]) == (500, "internal_error")
    assert headers["x-request-id"] == "our-id"
    line = json.loads(log.getvalue())
    assert line["fault_class"] == "LookupError"
    assert any("test_api.py" in frame for frame in line["fault_stack"])
    assert PROMPT not in log.getvalue()
    assert "test_api" not in json.dumps(body)


def test_a_missing_setting_is_500_to_the_caller(
    use_bedrock: Callable[..., None], monkeypatch: pytest.MonkeyPatch, log: StringIO
) -> None:
    use_bedrock(ok)

    def broken() -> Completions:
        raise ConfigurationError("BEDROCK_BASE_URL is missing, and has no default.")

    monkeypatch.setattr(api, "_completions", broken)
    status, _, body = handle(event())
    assert (status, body["error"]["code"]) == (500, "internal_error")
    assert "BEDROCK_BASE_URL" not in json.dumps(body)
    assert "BEDROCK_BASE_URL is missing" in log.getvalue()


def test_a_model_name_that_cannot_be_one_is_not_logged(
    use_bedrock: Callable[..., None], log: StringIO
) -> None:
    use_bedrock(ok)
    handle(event({**VALID, "model": PROMPT}))
    assert json.loads(log.getvalue())["model"] == "(not a model id)"


def test_an_answer_over_the_limit_is_502(use_bedrock: Callable[..., None]) -> None:
    """An answer in one piece of more than 8 MiB is not read to its end."""
    use_bedrock(answering(httpx.Response(200, json={**COMPLETION, "pad": "x" * 9_000_000})))
    status, _, body = handle(event())
    assert (status, body["error"]["code"]) == (502, "response_too_large")


def test_a_caller_who_names_another_guardrail_is_told_so(use_bedrock: Callable[..., None]) -> None:
    use_bedrock(lambda _: pytest.fail("asked"), guardrail=Guardrail(identifier="abc", version="1"))
    status, _, body = handle(event(headers={"X-Amzn-Bedrock-GuardrailIdentifier": ["mine"]}))
    assert (status, body["error"]["code"]) == (403, "guardrail_override_not_allowed")


def test_libraries_add_no_line_of_their_own_where_lambda_logs_at_info(
    use_bedrock: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    use_bedrock(ok)
    with caplog.at_level(logging.INFO):
        handle(event())
    assert [record.name for record in caplog.records if record.name != api._logger.name] == []


BUSY = httpx.Response(503, json={"message": "busy"})


def test_a_passing_failure_of_bedrocks_is_tried_again_and_the_log_counts_it(
    use_bedrock: Callable[..., None], log: StringIO
) -> None:
    use_bedrock(answering(BUSY, httpx.Response(200, json=COMPLETION)))
    assert handle(event())[0] == 200
    assert json.loads(log.getvalue())["upstream_attempts"] == 2


@pytest.mark.parametrize(("sdk_retries", "asked"), [(None, 3), ("0", 3), ("1", 2), ("many", 3)])
def test_a_caller_that_is_already_repeating_itself_gets_fewer_attempts(
    use_bedrock: Callable[..., None], log: StringIO, sdk_retries: str | None, asked: int
) -> None:
    use_bedrock(answering(*[BUSY] * asked))
    headers = {} if sdk_retries is None else {"x-stainless-retry-count": [sdk_retries]}
    assert handle(event(headers=headers))[0] == 503
    assert json.loads(log.getvalue())["upstream_attempts"] == asked


def test_a_long_wait_that_bedrock_asks_for_is_the_callers_at_once(
    use_bedrock: Callable[..., None], log: StringIO
) -> None:
    use_bedrock(answering(httpx.Response(429, json={"message": "slow"}, headers={"retry-after": "30"})))
    status, headers, _ = handle(event())
    assert (status, headers["retry-after"]) == (429, "30")
    assert json.loads(log.getvalue())["upstream_attempts"] == 1


@pytest.mark.parametrize("foreign", ["half \ud800", "\x00\x1b[2J", "words of a prompt " * 500])
def test_a_foreign_error_is_one_log_line(
    use_bedrock: Callable[..., None], log: StringIO, foreign: str
) -> None:
    """Whatever Bedrock writes into an error, the request has its log line, and none of the words are in it."""
    error = {"message": foreign, "code": foreign, "type": foreign, "param": foreign}
    use_bedrock(answering(httpx.Response(400, content=json.dumps({"error": error}).encode())))
    status, _, body = handle(event())
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
        "ABSKQmVkcm9ja0FQSUtleS0xMjM0",
        "Bearer x",
        "openai." + "x" * 300,
    ],
)
def test_a_model_that_is_none_is_not_logged(
    use_bedrock: Callable[..., None], log: StringIO, model: str
) -> None:
    """A caller's key or words in place of a model do not enter the log."""
    use_bedrock(ok)
    handle(event({**VALID, "model": model}))
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
def test_a_model_id_is_logged(use_bedrock: Callable[..., None], log: StringIO, model: str) -> None:
    """Ids and ARNs of models and profiles are logged as they came."""
    use_bedrock(ok)
    handle(event({**VALID, "model": model}))
    assert json.loads(log.getvalue())["model"] == model


@pytest.mark.parametrize("request_id", ["my salary is 7", "bcg-0123456789abcdefghij", "x" * 200])
def test_a_client_request_id_that_is_none_is_not_logged(
    use_bedrock: Callable[..., None], log: StringIO, request_id: str
) -> None:
    """The caller gets back what it sent, and the log only what can be an id."""
    use_bedrock(ok)
    _, headers, _ = handle(event(headers={"X-Client-Request-Id": [request_id]}))
    assert headers["x-client-request-id"] == request_id
    assert json.loads(log.getvalue())["client_request_id"] == "(not shown)"


@pytest.mark.parametrize("count", [True, -1, 2**70, "3", 1.5, None])
def test_a_token_count_that_is_none_is_not_logged(
    use_bedrock: Callable[..., None], log: StringIO, count: object
) -> None:
    """Only whole numbers of a sane size are token counts."""
    usage = {"prompt_tokens": count, "completion_tokens": 5}
    use_bedrock(answering(httpx.Response(200, json={**COMPLETION, "usage": usage})))
    handle(event())
    line = json.loads(log.getvalue())
    assert ("prompt_tokens" in line, line["completion_tokens"]) == (False, 5)


THINKS = {
    "id": "chatcmpl-1",
    "service_tier": "standard",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "<reasoning>hm</reasoning>Paris"},
        }
    ],
}


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("openai.gpt-oss-20b-1:0", {"role": "assistant", "content": "Paris", "reasoning_content": "hm"}),
        ("qwen.qwen3-32b-v1:0", {"role": "assistant", "content": "<reasoning>hm</reasoning>Paris"}),
    ],
)
def test_a_marked_models_thinking_stands_apart(
    use_bedrock: Callable[..., None], model: str, message: dict[str, str]
) -> None:
    """Only a model that is known to write its thinking into its words has it taken out; the tier is OpenAI's."""
    use_bedrock(answering(httpx.Response(200, json=THINKS)))
    _, _, body = handle(event({**VALID, "model": model}))
    assert body["choices"][0]["message"] == message
    assert body["service_tier"] == "default"


@pytest.mark.parametrize(
    ("method", "path", "shown"),
    [
        ("GET", "/openai/v1/models", "/openai/v1/models"),
        ("POST", "/v1/bcg-0123456789abcdefghij", None),
        ("POST", "/" + "x" * 300, None),
        ("POST", "/caf\u00e9 \x1b", None),
    ],
)
def test_a_404_says_what_came(
    use_bedrock: Callable[..., None], log: StringIO, method: str, path: str, shown: str | None
) -> None:
    """The log line of an unknown path has method and path, unless the path could be anything else."""
    use_bedrock(ok)
    status, _, body = handle({**event(resource="/{proxy+}", method=method), "path": path})
    line = json.loads(log.getvalue())
    assert (status, line["method"], line.get("path")) == (404, method, shown)
    assert path in body["error"]["message"] or shown is None


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (httpx.ConnectTimeout(""), "ConnectTimeout"),
        (httpx.ConnectError("ConnectionRefusedError"), "ConnectError ConnectionRefusedError"),
        (httpx.RemoteProtocolError("too many fields"), "RemoteProtocolError too many fields"),
    ],
)
def test_a_failed_connection_has_a_cause(
    use_bedrock: Callable[..., None], log: StringIO, failure: Exception, cause: str
) -> None:
    """The log line of a failed connection says what failed."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise failure

    use_bedrock(fail)
    handle(event())
    assert json.loads(log.getvalue())["reason"] == cause


def test_a_400_of_bedrocks_is_logged_with_its_place(use_bedrock: Callable[..., None], log: StringIO) -> None:
    """Bedrock's code and param are in the log line, and its message is not."""
    error = {"message": PROMPT, "code": "unsupported_value", "param": "messages[0].content"}
    use_bedrock(answering(httpx.Response(400, json={"error": error})))
    handle(event())
    line = json.loads(log.getvalue())
    assert (line["error_code"], line["error_param"]) == ("unsupported_value", "messages[0].content")
    assert PROMPT not in log.getvalue()


@pytest.mark.parametrize(
    ("model", "status"),
    [
        ("openai.gpt-oss-20b-1:0", 200),
        ("abc123", 200),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123", 200),
        ("arn:aws:bedrock:us-east-1:2:application-inference-profile/abc123", 403),
        ("arn:aws:bedrock:us-east-1::foundation-model/openai.gpt-oss-20b-1:0", 403),
        ("openai.gpt-oss-120b-1:0", 403),
    ],
)
def test_only_allowed_models_are_asked(
    use_bedrock: Callable[..., None], monkeypatch: pytest.MonkeyPatch, model: str, status: int
) -> None:
    """An environment that names its models refuses others before anything is sent."""
    use_bedrock(ok if status == 200 else lambda _: pytest.fail("asked"))
    listed = ["openai.gpt-oss-20b-1:0", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123"]
    limited = replace(api._completions(), allowed_models=AllowedModels(listed))
    monkeypatch.setattr(api, "_completions", lambda: limited)
    got, _, body = handle(event({**VALID, "model": model}))
    assert got == status
    if status == 403:
        assert body["error"]["code"] == "model_not_allowed"
