"""The enforced guardrail is what goes up, whatever the caller says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat_gateway import guardrails
from chat_gateway.errors import GuardrailOverrideError, InvalidRequestError
from chat_gateway.guardrails import IDENTIFIER_HEADER, TRACE_HEADER, VERSION_HEADER, Guardrail

ENFORCED = Guardrail(identifier="abc123", version="4")
HEADERS = {IDENTIFIER_HEADER: "abc123", VERSION_HEADER: "4"}


def test_the_enforced_guardrail_goes_up_when_the_caller_is_silent() -> None:
    assert guardrails.upstream_headers(ENFORCED, {"accept": ["*/*"]}) == HEADERS


def test_a_trace_setting_goes_up_with_it() -> None:
    traced = Guardrail(identifier="abc123", version="4", trace="ENABLED")
    assert guardrails.upstream_headers(traced, {}) == {**HEADERS, TRACE_HEADER: "ENABLED"}


def test_naming_what_is_enforced_is_accepted() -> None:
    caller = {name: [value] for name, value in HEADERS.items()}
    assert guardrails.upstream_headers(ENFORCED, caller) == HEADERS


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
        guardrails.upstream_headers(ENFORCED, headers)


@pytest.mark.parametrize(
    "document",
    [
        {"amazon-bedrock-guardrailConfig": {"tagSuffix": "x", "streamProcessingMode": "ASYNCHRONOUS"}},
        {"amazon-bedrock-guardrailConfig": {"tagSuffix": ""}},
        {"amazon-bedrock-guardrailConfig": {"tagSuffix": "x" * 21}},
        {"amazon-bedrock-guardrailConfig": {"tagSuffix": 7}},
        {"amazon-bedrock-guardrailConfig": {}},
        {"amazon-bedrock-guardrailConfig": None},
        {"amazon-bedrock-guardrailconfig": {"tagSuffix": "x"}},
        {"Amazon-Bedrock-Anything": 1},
        {" amazon-bedrock-trace": "x"},
        {"guardrails": []},
        {"guardrail_config": None},
        {"GuardrailIdentifier": "x"},
        {"extra_body": {"amazon-bedrock-guardrailConfig": {}}},
        {"extra_headers": [{"X-Amzn-Bedrock-GuardrailIdentifier": ""}]},
        {"stream_options": {"a": {"b": [{"guardrailVersion": 1}]}}},
        {"\uff47uardrail": 1},
        {"amazon\u2011bedrock-guardrail": 1},
    ],
)
def test_a_guardrail_setting_in_the_body_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(GuardrailOverrideError):
        guardrails.upstream_document(ENFORCED, document)


def test_awss_own_example_of_a_tag_suffix_says_nothing_and_is_left_out() -> None:
    document = {"model": "m", "amazon-bedrock-guardrailConfig": {"tagSuffix": "xyz"}}
    assert guardrails.upstream_document(ENFORCED, document) == {"model": "m"}


@pytest.mark.parametrize(
    "document",
    [
        {"messages": [{"role": "user", "content": "what is a guardrail?"}]},
        {"tools": [{"function": {"parameters": {"properties": {"guardrail_id": {"type": "string"}}}}}]},
        {"response_format": {"json_schema": {"schema": {"properties": {"guardrail": {}}}}}},
        {"metadata": {"guardrail": "blue"}},
    ],
)
def test_a_callers_own_words_are_no_setting(document: dict[str, Any]) -> None:
    assert guardrails.upstream_document(ENFORCED, document) == document


@pytest.mark.parametrize(
    "content",
    [
        b"<amazon-bedrock-guardrails-guardContent_xyz>",
        b"</AMAZON-BEDROCK-GUARDRAILS-GUARDCONTENT_xyz>",
        b"amazon-bedrock-guardrails-guardContent",
    ],
)
def test_an_input_tag_anywhere_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        guardrails.check_tags(ENFORCED, {}, b'{"messages":["' + content + b'"]}')
    assert caught.value.code == "guardrail_tag_not_allowed"
    guardrails.check_tags(None, {}, content)


HALVES = [
    {"type": "text", "text": "x <amazon-bedrock-guardrails-guard"},
    {"type": "text", "text": "Content_x>"},
]
ESCAPED = {
    "function": {"name": "f", "arguments": '{"a": "<amazon\\u002dbedrock-guardrails-guardContent_x>"}'}
}


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": HALVES},
        {"role": "assistant", "tool_calls": [ESCAPED]},
        {"role": "assistant", "function_call": ESCAPED["function"]},
    ],
)
def test_an_input_tag_in_pieces_or_in_escapes_of_escapes_is_refused(message: dict[str, Any]) -> None:
    document = {"messages": [message]}
    with pytest.raises(InvalidRequestError):
        guardrails.check_tags(ENFORCED, document, json.dumps(document).encode())


@pytest.mark.parametrize(
    "messages", [None, "x", [1], [{"content": 1}], [{"tool_calls": [1, {"function": 2}]}]]
)
def test_messages_of_any_shape_are_searched_without_a_fault(messages: object) -> None:
    guardrails.check_tags(ENFORCED, {"messages": messages}, b"{}")


def test_without_an_enforced_guardrail_the_caller_chooses_and_nothing_else_goes_up() -> None:
    caller = {IDENTIFIER_HEADER: ["mine"], VERSION_HEADER: ["1"], "cookie": ["a"], "authorization": ["b"]}
    document = {"amazon-bedrock-guardrailConfig": {"tagSuffix": "x"}}
    assert guardrails.upstream_headers(None, caller) == {IDENTIFIER_HEADER: "mine", VERSION_HEADER: "1"}
    assert guardrails.upstream_document(None, document) is document


@pytest.mark.parametrize("values", [["a", "b"], [""], ["é"], ["a b"], ["a\x01b"], ["x" * 2049]])
def test_a_callers_own_guardrail_that_is_no_header_value_is_refused(values: list[str]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        guardrails.upstream_headers(None, {IDENTIFIER_HEADER: values})
    assert caught.value.param == IDENTIFIER_HEADER
