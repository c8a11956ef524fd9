"""Bedrock gets the enforced guardrail, whatever the caller sends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chat_gateway.core.errors import GuardrailOverrideError, InvalidRequestError
from chat_gateway.guardrail import rule
from chat_gateway.guardrail.overrides import CONFIG_KEY, IDENTIFIER_HEADER, TRACE_HEADER, VERSION_HEADER
from chat_gateway.guardrail.rule import UpstreamRequest
from chat_gateway.guardrail.settings import Guardrail, Tagging

ENFORCED = Guardrail(identifier="abc123", version="4")
NAME = {IDENTIFIER_HEADER: "abc123", VERSION_HEADER: "4"}
HEADERS = {**NAME, TRACE_HEADER: "ENABLED"}
SILENT = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def guarded(
    document: dict[str, Any] | None = None,
    headers: dict[str, list[str]] | None = None,
    guardrail: Guardrail | None = ENFORCED,
) -> UpstreamRequest:
    return rule.apply(guardrail, SILENT | (document or {}), headers or {})


def body_of(request: UpstreamRequest) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.content)
    return body


def test_the_enforced_guardrail_goes_up_when_the_caller_is_silent() -> None:
    request = guarded(headers={"accept": ["*/*"]})
    assert (request.headers, request.guardrail) == (HEADERS, "abc123:4")
    assert body_of(request) == SILENT


@pytest.mark.parametrize(
    ("trace", "goes_up", "is_shown"),
    [
        (None, "ENABLED", False),
        ("ENABLED", "ENABLED", True),
        ("ENABLED_FULL", "ENABLED_FULL", True),
        ("DISABLED", "DISABLED", False),
    ],
)
def test_trace_follows_the_environment(trace: str | None, goes_up: str, is_shown: bool) -> None:
    """The environment's setting decides which trace is requested and whether the caller sees it."""
    request = guarded(guardrail=ENFORCED._replace(trace=trace))
    assert request.headers == {**NAME, TRACE_HEADER: goes_up}
    assert request.shows_trace is is_shown


def test_naming_what_is_enforced_is_accepted() -> None:
    assert guarded(headers={name: [value] for name, value in NAME.items()}).headers == HEADERS


@pytest.mark.parametrize(
    "headers",
    [
        {IDENTIFIER_HEADER: ["other"]},
        {IDENTIFIER_HEADER: [""]},
        {IDENTIFIER_HEADER: ["abc123", "other"]},
        {IDENTIFIER_HEADER: ["abc123", "abc123"]},
        {IDENTIFIER_HEADER: ["ABC123"]},
        {VERSION_HEADER: ["DRAFT"]},
        {TRACE_HEADER: ["enabled"]},
        {TRACE_HEADER: [""]},
        {TRACE_HEADER: ["ENABLED", "DISABLED"]},
        {"x-amzn-bedrock-guardrail-something-new": ["off"]},
    ],
)
def test_naming_anything_else_in_a_header_is_refused(headers: dict[str, list[str]]) -> None:
    with pytest.raises(GuardrailOverrideError):
        guarded(headers=headers)


@pytest.mark.parametrize(
    "document",
    [
        {CONFIG_KEY: {"tagSuffix": "x", "streamProcessingMode": "ASYNCHRONOUS"}},
        {CONFIG_KEY: {"tagSuffix": ""}},
        {CONFIG_KEY: {"tagSuffix": "x" * 21}},
        {CONFIG_KEY: {"tagSuffix": 7}},
        {CONFIG_KEY: ""},
        {CONFIG_KEY: False},
        {CONFIG_KEY: [None]},
        {"amazon-bedrock-guardrailconfig": {"tagSuffix": "x"}},
        {"Amazon-Bedrock-Anything": 1},
        {" amazon-bedrock-trace": "x"},
        {"guardrails": False},
        {"guardrail_config": ""},
        {"GuardrailIdentifier": "x"},
        {"extra_body": {CONFIG_KEY: {"a": None}}},
        {"guided_json": {"properties": {"a": {"guardrailConfig": "x"}}}},
        {"properties": [{"guardrailConfig": "x"}]},
        {"extra_headers": [{"X-Amzn-Bedrock-GuardrailIdentifier": ""}]},
        {"stream_options": {"a": {"b": [{"guardrailVersion": 1}]}}},
        {"\uff47uardrail": 1},
        {"amazon\u2011bedrock-guardrail": 1},
        {"amazon\u2010bedrock\u2010trace": 1},
        {"\U0001d420\U0001d42e\U0001d41a\U0001d42b\U0001d41d\U0001d42b\U0001d41a\U0001d422\U0001d425": 1},
        {"guard\u200brail": 1},
        {"guard\u00adrail": 1},
        {"guard\ufe0frail": 1},
        {"\u202eguard\u2066rail": 1},
        {"guardra\u0131l": 1},
        {"guardra\u0130l": 1},
        {"gu\u00e1rdrail": 1},
        {"guard_rail": 1},
        {"guard\u0000rail": 1},
        {"amazon_bedrock_trace": 1},
        {"AMAZON\u017f-bedrock guardrail": 1},
    ],
)
@pytest.mark.parametrize("tagging", Tagging)
def test_a_guardrail_setting_in_the_body_is_refused(document: dict[str, Any], tagging: Tagging) -> None:
    with pytest.raises(GuardrailOverrideError):
        guarded(document, guardrail=ENFORCED._replace(tagging=tagging))


@pytest.mark.parametrize("value", ["ENABLED", "DISABLED", "ENABLED_FULL"])
def test_a_trace_switches_nothing_off(value: str) -> None:
    """A caller may ask for a trace; the environment decides which trace is requested and shown."""
    request = guarded(headers={TRACE_HEADER: [value]})
    assert (request.headers, request.shows_trace) == (HEADERS, False)


@pytest.mark.parametrize(
    "key", ["guardrails", "guardrail_config", "guardrailConfig", CONFIG_KEY, "GUARD-RAIL"]
)
@pytest.mark.parametrize("value", [None, [], {}])
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"extra": [{"a": 1, **x}]}], ids=["top", "deep"])
def test_what_says_nothing_goes_nowhere(key: str, value: object, wrap: Callable[[Any], Any]) -> None:
    """A setting that is null or empty is not sent to Bedrock, and the rest of the body does not change."""
    document = wrap({key: value})
    left = {"extra": [{"a": 1}]} if "extra" in document else {}
    assert body_of(guarded(document)) == SILENT | left


@pytest.mark.parametrize("names", ["properties", "$defs", "definitions", "patternProperties"])
def test_a_schemas_names_are_the_callers(names: str) -> None:
    """A JSON schema may have properties of any name, at any place."""
    schema = {"type": "object", names: {"guardrail_id": {"type": "string"}, "x" * 200: {}}}
    assert body_of(guarded({"guided_json": schema})) == SILENT | {"guided_json": schema}


@pytest.mark.parametrize("key", ["a" * 129, "a" + "\u0301" * 20_000 + "\u0327" * 20_000, "guardrail" * 15])
def test_a_long_key_is_refused(key: str) -> None:
    """A key over 128 characters where Bedrock could read a setting is a 400 that does not repeat the key."""
    for document in ({key: 1}, {"extra_body": [{"a": {key: 1}}]}):
        with pytest.raises(InvalidRequestError, match="128 characters") as caught:
            guarded(document)
        assert (caught.value.param, key[:20] in caught.value.message) == (None, False)


@pytest.mark.parametrize(
    "document", [{"a" * 128: 1}, {"metadata": {"a" * 129: "guardrail"}}, {"tools": [{"\u0301" * 129: 1}]}]
)
def test_other_keys_may_be_long(document: dict[str, Any]) -> None:
    """A key of 128 characters is sent, and so is any key among the caller's own words."""
    assert body_of(guarded(document)) == SILENT | document


def test_awss_own_example_of_a_tag_suffix_says_nothing_and_is_left_out() -> None:
    assert body_of(guarded({CONFIG_KEY: {"tagSuffix": "xyz"}})) == SILENT


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
    assert body_of(guarded(document)) == SILENT | document


def test_no_enforced_guardrail() -> None:
    """Without an enforced guardrail the caller chooses one, and none of its other headers goes to Bedrock."""
    caller = {IDENTIFIER_HEADER: ["mine"], VERSION_HEADER: ["1"], "cookie": ["a"], "authorization": ["b"]}
    request = guarded({CONFIG_KEY: {"tagSuffix": "x"}}, caller, guardrail=None)
    assert request.headers == {IDENTIFIER_HEADER: "mine", VERSION_HEADER: "1"}
    assert body_of(request) == {**SILENT, CONFIG_KEY: {"tagSuffix": "x"}}


def test_without_any_guardrail_no_name_is_logged() -> None:
    assert guarded(guardrail=None).guardrail is None


@pytest.mark.parametrize("values", [["a", "b"], [""], ["é"], ["a b"], ["a\x01b"], ["x" * 2049]])
def test_a_callers_own_guardrail_that_is_no_header_value_is_refused(values: list[str]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        guarded(headers={IDENTIFIER_HEADER: values}, guardrail=None)
    assert caught.value.param == IDENTIFIER_HEADER


OVERRIDABLE = ENFORCED._replace(callers_may_override=True, tagging=Tagging.ALL_TEXT)


def test_an_overridable_guardrail_applies_to_whoever_says_nothing() -> None:
    request = guarded(guardrail=OVERRIDABLE)
    assert request.headers == HEADERS
    assert b"guardContent" in request.content


def test_a_caller_that_may_override_gets_the_guardrail_it_names() -> None:
    caller = {IDENTIFIER_HEADER: ["mine"], VERSION_HEADER: ["1"], TRACE_HEADER: ["ENABLED"]}
    request = guarded(headers=caller, guardrail=OVERRIDABLE)
    assert request.guardrail == "mine:1"
    assert request.shows_trace
    assert body_of(request) == SILENT


def test_half_a_name_goes_up_as_half_so_that_bedrock_refuses_it() -> None:
    request = guarded(headers={IDENTIFIER_HEADER: ["mine"]}, guardrail=OVERRIDABLE)
    assert request.headers == {IDENTIFIER_HEADER: "mine"}


def test_callers_trace_is_shown() -> None:
    """A caller that may override sees the trace that it asks for, with the environment's guardrail."""
    request = guarded(headers={TRACE_HEADER: ["ENABLED"]}, guardrail=OVERRIDABLE)
    assert request.headers == HEADERS
    assert request.shows_trace


@pytest.mark.parametrize(
    "document",
    [
        {CONFIG_KEY: {"tagSuffix": "x"}},
        {"messages": [{"role": "user", "content": "<amazon-bedrock-guardrails-guardContent_x>Hi"}]},
    ],
)
def test_a_caller_that_may_override_sets_its_own_tags(document: dict[str, Any]) -> None:
    request = guarded(document, guardrail=OVERRIDABLE)
    assert request.headers == HEADERS
    assert body_of(request) == SILENT | document


def test_every_request_has_a_tag_suffix_of_its_own() -> None:
    tagging = ENFORCED._replace(tagging=Tagging.ALL_TEXT)
    suffixes = {body_of(guarded(guardrail=tagging))[CONFIG_KEY]["tagSuffix"] for _ in range(20)}
    assert len(suffixes) == 20
    assert all(suffix.isalnum() and len(suffix) <= 20 for suffix in suffixes)


def test_a_callers_tag_suffix_is_not_the_one_that_is_used() -> None:
    tagging = ENFORCED._replace(tagging=Tagging.ALL_TEXT)
    body = body_of(guarded({CONFIG_KEY: {"tagSuffix": "mine"}}, guardrail=tagging))
    assert body[CONFIG_KEY]["tagSuffix"] != "mine"
    assert "_mine>" not in body["messages"][0]["content"]


def test_with_nothing_to_tag_everything_is_checked() -> None:
    tagging = ENFORCED._replace(tagging=Tagging.USER_TURNS)
    messages = {"messages": [{"role": "system", "content": "Hi"}]}
    assert body_of(guarded(messages, guardrail=tagging)) == SILENT | messages


@pytest.mark.parametrize("value", [None, {}, []])
def test_what_says_nothing_takes_nothing_over(value: object) -> None:
    """If callers may override, an empty configuration keeps the environment's tagging."""
    body = body_of(guarded({CONFIG_KEY: value}, guardrail=OVERRIDABLE))
    assert "guardContent" in json.dumps(body)
    assert body[CONFIG_KEY].keys() == {"tagSuffix"}
