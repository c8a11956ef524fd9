"""Chat completions with the OpenAI SDK through the deployed stack."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from openai import APIStatusError, OpenAI
from openai.types.chat import ChatCompletionMessageParam

from local.demonstration import request_logs
from local.stack.local_stack import LocalStack
from tests.e2e.conftest import MODEL
from tests.e2e.standin import StandinControl

MESSAGES: list[ChatCompletionMessageParam] = [
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "content": "What is the capital of France?"},
]


def test_request_id_leads_to_the_log_line(stack: LocalStack, client: OpenAI) -> None:
    """The SDK gets an answer, and its request ID leads to the log line, which has Bedrock's request ID."""
    answer = client.chat.completions.with_raw_response.create(model=MODEL, messages=MESSAGES)
    completion = answer.parse()
    assert completion.choices[0].message.content == "echo: What is the capital of France?"
    assert completion.usage is not None
    request_id = completion._request_id
    assert request_id
    line = request_logs.chat_line(stack, request_id)
    expected = {
        "bedrock_request_id": answer.headers["x-bedrock-request-id"],
        "client": "local",
        "model": MODEL,
        "status": 200,
        "total_tokens": completion.usage.total_tokens,
        "guardrail_action": "NONE",
    }
    assert expected.items() <= line.items()
    assert {"api_request_id", "lambda_request_id", "latency_ms"} <= line.keys()


def test_the_path_that_most_clients_expect_works_too(stack: LocalStack, client: OpenAI) -> None:
    alias = client.with_options(base_url=stack.base_url.replace("/openai/v1", "/v1"))
    assert alias.chat.completions.create(model=MODEL, messages=MESSAGES).choices


def test_a_parameter_nobody_knows_yet_goes_up_as_it_was_sent(client: OpenAI, standin: StandinControl) -> None:
    extra = {"invented_tomorrow": {"nested": [1, 2.5, None, "é🦉"]}, "seed": 7}
    client.chat.completions.create(model=MODEL, messages=MESSAGES, extra_body=extra)
    (request,) = standin.requests()
    assert json.loads(request["body_text"]) == {"model": MODEL, "messages": MESSAGES, **extra}


def test_none_of_the_callers_headers_go_up(
    stack: LocalStack, client: OpenAI, standin: StandinControl
) -> None:
    client.chat.completions.create(
        model=MODEL, messages=MESSAGES, extra_headers={"cookie": "session=1", "x-forwarded-user": "root"}
    )
    (request,) = standin.requests()
    names = set(request["headers"])
    assert not {
        name for name in names if name.startswith(("x-stainless", "openai-", "cookie", "x-forwarded"))
    }
    assert request["headers"]["x-amzn-bedrock-guardrailidentifier"] == stack.guardrail_identifier
    assert request["headers"]["x-amzn-bedrock-guardrailversion"] == stack.guardrail_version


def test_a_callers_own_request_id_is_echoed_and_logged(stack: LocalStack, client: OpenAI) -> None:
    answer = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=MESSAGES, extra_headers={"X-Client-Request-Id": "mine-42"}
    )
    assert answer.headers["x-client-request-id"] == "mine-42"
    assert answer.headers["x-request-id"] != "mine-42"
    assert request_logs.chat_line(stack, answer.headers["x-request-id"])["client_request_id"] == "mine-42"


def test_ten_callers_at_once_each_get_their_own_answer_and_id(client: OpenAI) -> None:
    def ask(number: int) -> tuple[str | None, str | None]:
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": f"number {number}"}]
        completion = client.chat.completions.create(model=MODEL, messages=messages)
        return completion.choices[0].message.content, completion._request_id

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(ask, range(10)))
    assert [text for text, _ in answers] == [f"echo: number {number}" for number in range(10)]
    assert len({request_id for _, request_id in answers}) == 10


def test_the_sdks_own_retry_gets_past_a_passing_failure(client: OpenAI, standin: StandinControl) -> None:
    fault = {"standin_fault": {"status": 503, "times": 1, "id": "passing"}}
    patient = client.with_options(max_retries=2)
    completion = patient.chat.completions.create(model=MODEL, messages=MESSAGES, extra_body=fault)
    assert completion.choices
    assert standin.counters()["by_status"] == {"200": 1, "503": 1}


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"status": 400}, 400, "validation_error"),
        ({"status": 408}, 408, None),
        ({"status": 424}, 424, None),
        ({"status": 429, "retry_after": "7"}, 429, "rate_limit_exceeded"),
        ({"status": 429, "error_shape": "message"}, 429, "rate_limit_exceeded"),
        ({"status": 500}, 500, None),
        ({"status": 503, "error_shape": "Message"}, 503, None),
        ({"status": 529}, 529, None),
        ({"without_choices": True}, 502, "upstream_invalid_response"),
        ({"body": "garbage"}, 502, "upstream_invalid_response"),
        ({"drop": "before_generating"}, 502, "upstream_connection_error"),
        ({"drop": "after_generating"}, 502, "upstream_connection_error"),
        ({"delay_s": 20}, 504, "gateway_timeout"),
    ],
)
def test_failures_at_bedrock_reach_the_sdk(
    stack: LocalStack, client: OpenAI, fault: dict[str, object], status: int, code: str | None
) -> None:
    """A failure at Bedrock reaches the caller as an error that the SDK can read."""
    with pytest.raises(APIStatusError) as caught:
        client.chat.completions.create(model=MODEL, messages=MESSAGES, extra_body={"standin_fault": fault})
    error = caught.value
    assert error.status_code == status
    assert isinstance(error.body, dict)
    assert error.body.keys() == {"message", "type", "param", "code"}
    if code is not None:
        assert error.code == code
    assert error.response.headers.get("retry-after") == fault.get("retry_after")
    assert error.request_id
    assert request_logs.chat_line(stack, error.request_id)["status"] == status


def test_an_unknown_model_is_bedrocks_404(client: OpenAI) -> None:
    with pytest.raises(APIStatusError) as caught:
        client.chat.completions.create(model="anthropic.claude-sonnet", messages=MESSAGES)
    assert (caught.value.status_code, caught.value.code) == (404, "model_not_found")


VALID = {"model": MODEL, "messages": MESSAGES}


@pytest.mark.parametrize(
    ("body", "status", "param", "code"),
    [
        (b"", 400, None, None),
        (b"{", 400, None, None),
        (b"[]", 400, None, None),
        (json.dumps(VALID).encode("utf-16"), 400, None, None),
        (json.dumps({**VALID, "user": "é"}, ensure_ascii=False).encode("latin-1"), 400, None, None),
        (b'{"model": "a", "model": "b", "messages": [1]}', 400, None, None),
        (b'{"model": "a", "messages": [1], "seed": NaN}', 400, None, None),
        (json.dumps({"model": MODEL}).encode(), 400, "messages", "missing_required_parameter"),
        (json.dumps({**VALID, "messages": []}).encode(), 400, "messages", "empty_array"),
        (json.dumps({**VALID, "messages": "Hi"}).encode(), 400, "messages", "invalid_type"),
        (json.dumps({"messages": MESSAGES}).encode(), 400, "model", "missing_required_parameter"),
        (json.dumps({**VALID, "pad": "x" * 4_194_304}).encode(), 413, None, "request_too_large"),
    ],
)
def test_a_bad_body_never_reaches_bedrock(
    http: httpx.Client, standin: StandinControl, body: bytes, status: int, param: str | None, code: str | None
) -> None:
    answer = http.post("/openai/v1/chat/completions", content=body)
    error = answer.json()["error"]
    assert answer.status_code == status
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert answer.headers["x-request-id"]
    assert standin.requests() == []


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/octet-stream", None])
def test_the_content_type_does_not_change_how_a_body_is_read(
    http: httpx.Client, content_type: str | None
) -> None:
    if content_type is None:
        del http.headers["content-type"]
    else:
        http.headers["content-type"] = content_type
    body = json.dumps({**VALID, "user": "é🦉"}, ensure_ascii=False).encode()
    assert http.post("/v1/chat/completions", content=body).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "unknown_url"),
        ("GET", "/openai/models", 404, "unknown_url"),
        ("DELETE", "/openai/v1/models/ft:a:b:c", 405, "method_not_allowed"),
        ("POST", "/openai/v1/embeddings", 404, "unknown_url"),
        ("POST", "/openai/v1/chat/completions/", 200, None),
        ("POST", "/openai/v1/chat/completions/abc", 404, "unknown_url"),
        ("GET", "/openai/v1/chat/completions", 405, "method_not_allowed"),
        ("DELETE", "/v1/chat/completions", 405, "method_not_allowed"),
        ("POST", "/openai/v1", 404, "unknown_url"),
        ("POST", "/openai", 404, "unknown_url"),
    ],
)
def test_unknown_paths_and_methods_are_answered_by_the_gateway_itself(
    http: httpx.Client, method: str, path: str, status: int, code: str | None
) -> None:
    answer = http.request(method, path, json=VALID)
    assert answer.status_code == status
    assert answer.headers["x-request-id"]
    if code:
        assert answer.json()["error"]["code"] == code
