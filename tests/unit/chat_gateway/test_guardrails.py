"""The enforced guardrail is what goes up, whatever the caller says."""

from __future__ import annotations

from typing import Any

import pytest

from chat_gateway import guardrails
from chat_gateway.errors import GuardrailOverrideError, InvalidRequestError
from chat_gateway.guardrails import IDENTIFIER_HEADER, TRACE_HEADER, VERSION_HEADER, Guardrail

ENFORCED = Guardrail(identifier="abc123", version="4")
HEADERS = {IDENTIFIER_HEADER: "abc123", VERSION_HEADER: "4"}


def test_the_enforced_guardrail_goes_up_when_the_caller_is_silent() -> None:
    assert guardrails.upstream_headers(ENFORCED, {"accept": ["*/*"]}, {}) == HEADERS


def test_a_trace_setting_goes_up_with_it() -> None:
    traced = Guardrail(identifier="abc123", version="4", trace="ENABLED")
    assert guardrails.upstream_headers(traced, {}, {}) == {**HEADERS, TRACE_HEADER: "ENABLED"}


def test_naming_what_is_enforced_is_accepted() -> None:
    caller = {name: [value] for name, value in HEADERS.items()}
    assert guardrails.upstream_headers(ENFORCED, caller, {}) == HEADERS


@pytest.mark.parametrize(
    "headers",
    [
        {IDENTIFIER_HEADER: ["other"]},
        {IDENTIFIER_HEADER: [""]},
        {IDENTIFIER_HEADER: ["abc123", "other"]},
        {IDENTIFIER_HEADER: ["ABC123"]},
        {VERSION_HEADER: ["DRAFT"]},
        {TRACE_HEADER: ["ENABLED"]},
        {"x-amzn-bedrock-guardrail-something-new": ["off"]},
    ],
)
def test_naming_anything_else_in_a_header_is_refused(headers: dict[str, list[str]]) -> None:
    with pytest.raises(GuardrailOverrideError):
        guardrails.upstream_headers(ENFORCED, headers, {})


@pytest.mark.parametrize(
    "document",
    [
        {"amazon-bedrock-guardrailConfig": {"tagSuffix": "x"}},
        {"amazon-bedrock-guardrailConfig": None},
        {"Amazon-Bedrock-Anything": 1},
        {"guardrails": []},
        {"guardrail_config": None},
    ],
)
def test_a_guardrail_setting_in_the_body_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(GuardrailOverrideError):
        guardrails.upstream_headers(ENFORCED, {}, document)


def test_without_an_enforced_guardrail_the_caller_chooses_and_nothing_else_goes_up() -> None:
    caller = {IDENTIFIER_HEADER: ["mine"], VERSION_HEADER: ["1"], "cookie": ["a"], "authorization": ["b"]}
    document = {"amazon-bedrock-guardrailConfig": {"tagSuffix": "x"}}
    assert guardrails.upstream_headers(None, caller, document) == {
        IDENTIFIER_HEADER: "mine",
        VERSION_HEADER: "1",
    }


@pytest.mark.parametrize("values", [["a", "b"], [""], ["é"], ["a b"], ["a\x01b"], ["x" * 2049]])
def test_a_callers_own_guardrail_that_is_no_header_value_is_refused(values: list[str]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        guardrails.upstream_headers(None, {IDENTIFIER_HEADER: values}, {})
    assert caught.value.param == IDENTIFIER_HEADER


@pytest.mark.parametrize(
    ("completion", "action"),
    [
        ({"id": "chatcmpl-1", "choices": []}, None),
        ({"id": "chatcmpl-1", "amazon-bedrock-guardrailAction": "NONE"}, "NONE"),
        ({"id": "chatcmpl-1", "amazon-bedrock-guardrailAction": "INTERVENED"}, "INTERVENED"),
        ({"id": "bedrock-guardrails-1", "choices": []}, "INTERVENED"),
        ({"id": "chatcmpl-1", "choices": [{"finish_reason": "content_filter"}]}, "INTERVENED"),
        ({"id": None, "choices": ["garbage", None, {}]}, None),
        ({"choices": None}, None),
    ],
)
def test_an_intervention_is_told_by_any_of_its_signs(completion: dict[str, Any], action: str | None) -> None:
    assert guardrails.action(completion) == action
