"""The chat function as API Gateway calls it: its answers and their headers."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import httpx
import pytest

from chat_gateway.completions import request as chat_request
from chat_gateway.completions.allowed_models import AllowedModels
from chat_gateway.guardrail.settings import Guardrail
from tests.unit.chat_gateway.api_calls import COMPLETION, answering, event, ok
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.conftest import Asking


@pytest.mark.parametrize("resource", chat_request.PATHS)
@pytest.mark.parametrize("encoded", [True, False])
def test_both_routes_answer_with_bedrocks_json_and_every_id(
    asking: Asking, resource: str, encoded: bool
) -> None:
    gateway = asking(ok)
    status, headers, body = gateway.handle(event(resource=resource, encoded=encoded))
    assert (status, body) == (200, COMPLETION)
    assert headers == {
        "content-type": "application/json",
        "x-request-id": "our-id",
        "x-bedrock-request-id": "bedrock-id",
    }


def test_a_callers_own_request_id_is_echoed_and_never_taken_for_ours(
    asking: Asking,
) -> None:
    gateway = asking(ok)
    _, headers, _ = gateway.handle(event(headers={"x-CLIENT-request-id": ["mine-1"]}))
    assert headers["x-client-request-id"] == "mine-1"
    assert headers["x-request-id"] == "our-id"


@pytest.mark.parametrize("value", [["x" * 513], ["é"], ["a\nb"], [""], ["one", "two"]])
def test_a_request_id_that_is_none_is_ignored(asking: Asking, log: StringIO, value: list[str]) -> None:
    """A client request ID that OpenAI would refuse does not fail the request, and the log says it was ignored."""
    gateway = asking(ok)
    status, headers, _ = gateway.handle(event(headers={"X-Client-Request-Id": value}))
    assert status == 200
    assert "x-client-request-id" not in headers
    assert json.loads(log.getvalue())["client_request_id"] == "(ignored)"


def test_the_log_line_follows_the_answer(asking: Asking, log: StringIO) -> None:
    """The audit line of an intervention is written before the answer is sent, and the log line after it."""
    blocked = {**COMPLETION, "id": "bedrock-guardrails-1"}
    upstream = httpx.Response(200, json=blocked, headers={"x-amzn-requestid": "bedrock-id"})
    response = asking(answering(upstream)).respond(VALID)
    list(response.body)
    (audit,) = map(json.loads, log.getvalue().splitlines())
    response.close()
    line = json.loads(log.getvalue().splitlines()[-1])
    assert (audit["message"], line["message"]) == ("guardrail intervention", "chat completion")
    assert audit["bedrock_request_id"] == line["bedrock_request_id"] == "bedrock-id"
    assert line["total_tokens"] == 8


def test_a_block_has_one_shape_a_header_and_an_audit_line_of_its_own(
    asking: Asking, log: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {"wordPolicy": {"customWords": [{"match": "elephant", "action": "BLOCKED"}] * 2}}
    blocked = {
        **COMPLETION,
        "id": "bedrock-guardrails-1",
        "amazon-bedrock-trace": {"guardrail": {"input": {"abc": found}}},
    }
    gateway = asking(
        answering(httpx.Response(200, json=blocked)), guardrail=Guardrail(identifier="abc", version="1")
    )
    status, headers, body = gateway.handle(event())
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


def test_half_a_surrogate_pair_is_answered(asking: Asking, log: StringIO) -> None:
    """A blocked answer with half a surrogate pair is sent and logged once."""
    text = '{"id": "bedrock-guardrails-1", "choices": [{"finish_reason": "stop", "message": {"content": "\\ud83d"}}]}'
    gateway = asking(answering(httpx.Response(200, text=text)))
    status, _, body = gateway.handle(event())
    assert (status, body["choices"][0]["message"]["content"]) == (200, "\ud83d")
    assert [json.loads(line)["message"] for line in log.getvalue().splitlines()].count("chat completion") == 1


def test_a_trace_that_the_environment_asked_for_stays_in_the_answer(asking: Asking) -> None:
    traced = {**COMPLETION, "amazon-bedrock-trace": {"guardrail": {}}}
    guardrail = Guardrail(identifier="abc", version="1", trace="ENABLED")
    gateway = asking(answering(httpx.Response(200, json=traced)), guardrail=guardrail)
    assert gateway.handle(event())[2] == traced


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
    asking: Asking, request_: dict[str, Any], status: int, code: str | None
) -> None:
    gateway = asking(lambda _: pytest.fail("Bedrock was asked"))
    got, headers, body = gateway.handle(request_)
    assert got == status
    assert body["error"].keys() == {"message", "type", "param", "code"}
    assert (body["error"]["type"], body["error"]["code"]) == ("invalid_request_error", code)
    assert headers["x-request-id"]
    if status == 405:
        assert headers["allow"] == "POST"


def test_a_caller_who_names_another_guardrail_is_told_so(asking: Asking) -> None:
    gateway = asking(lambda _: pytest.fail("asked"), guardrail=Guardrail(identifier="abc", version="1"))
    status, _, body = gateway.handle(event(headers={"X-Amzn-Bedrock-GuardrailIdentifier": ["mine"]}))
    assert (status, body["error"]["code"]) == (403, "guardrail_override_not_allowed")


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
def test_a_marked_models_thinking_stands_apart(asking: Asking, model: str, message: dict[str, str]) -> None:
    """Only known models have reasoning taken out of their content; the tier has OpenAI's name."""
    gateway = asking(answering(httpx.Response(200, json=THINKS)))
    _, _, body = gateway.handle(event({**VALID, "model": model}))
    assert body["choices"][0]["message"] == message
    assert body["service_tier"] == "default"


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
def test_only_allowed_models_are_asked(asking: Asking, model: str, status: int) -> None:
    """If an environment names models, requests for others are refused before Bedrock is asked."""
    listed = ["openai.gpt-oss-20b-1:0", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123"]
    bedrock = ok if status == 200 else lambda _: pytest.fail("asked")
    gateway = asking(bedrock, allowed_models=AllowedModels(listed), routes={listed[1]: "native"})
    got, _, body = gateway.handle(event({**VALID, "model": model}))
    assert got == status
    if status == 403:
        assert body["error"]["code"] == "model_not_allowed"
