"""A call of Converse always has the environment's guardrail, and nothing of the caller's own guardrail settings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat_gateway.completions import request as chat_request
from chat_gateway.converse import guarded
from chat_gateway.core.errors import GuardrailOverrideError, InvalidRequestError
from chat_gateway.guardrail.overrides import CONFIG_KEY, IDENTIFIER_HEADER, TRACE_HEADER, VERSION_HEADER
from chat_gateway.guardrail.rule import UpstreamRequest
from chat_gateway.guardrail.settings import Guardrail, Tagging
from tests.unit.chat_gateway.converse_bedrock import GUARDRAIL, LLAMA, TOOL, FakeBedrock, said, with_result

ENFORCED = {"guardrailIdentifier": "gr", "guardrailVersion": "1", "trace": "enabled"}
OVERRIDABLE = GUARDRAIL._replace(callers_may_override=True)
OWN = {IDENTIFIER_HEADER: ["mine"], VERSION_HEADER: ["2"]}
TAG = "<amazon-bedrock-guardrails-guardContent_x>"


def prepared(
    document: dict[str, Any],
    guardrail: Guardrail | None = GUARDRAIL,
    headers: dict[str, list[str]] | None = None,
) -> UpstreamRequest:
    request = chat_request.from_document(document)
    return FakeBedrock().gateway(guardrail).prepared(request, caller_headers=headers or {})


def body(*arguments: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(prepared(*arguments).content)
    return document


@pytest.mark.parametrize("tagging", list(Tagging))
@pytest.mark.parametrize("trace", [None, "DISABLED", "ENABLED_FULL"])
def test_the_guardrail_is_the_environments(tagging: Tagging, trace: str | None) -> None:
    """The trace is always asked for, since it alone tells a masked answer."""
    guardrail = GUARDRAIL._replace(tagging=tagging, trace=trace)
    request = prepared(said(), guardrail, {"cookie": ["secret"]})
    assert json.loads(request.content)["guardrailConfig"] == ENFORCED
    assert (request.headers, request.guardrail) == ({}, "gr:1")
    assert request.shows_trace is (trace == "ENABLED_FULL")


def test_a_stream_is_checked_before_it_is_sent() -> None:
    """Only a stream has the mode, and a replayed one is no stream for Bedrock."""
    assert body(said(stream=True))["guardrailConfig"] == {**ENFORCED, "streamProcessingMode": "sync"}
    replayed = said(stream=True, model=LLAMA, tools=[TOOL])
    assert body(replayed)["guardrailConfig"] == ENFORCED
    assert prepared(replayed).call.is_replayed


def test_without_a_guardrail() -> None:
    """Nothing is wrapped, and nothing is checked elsewhere."""
    request = prepared(with_result("r"), None)
    assert b"guard" not in request.content
    assert (request.guardrail, request.call.is_checked_whole, request.call.elsewhere) == (None, False, "")


@pytest.mark.parametrize("guardrail", [None, OVERRIDABLE])
def test_a_callers_own_guardrail(guardrail: Guardrail | None) -> None:
    """Where callers may choose, theirs is Converse's, and checks what the environment's would."""
    request = prepared(with_result("r"), guardrail, OWN)
    config = json.loads(request.content)["guardrailConfig"]
    assert config == {"guardrailIdentifier": "mine", "guardrailVersion": "2", "trace": "enabled"}
    assert (request.guardrail, request.call.is_checked_whole) == ("mine:2", True)


@pytest.mark.parametrize("guardrail", [None, OVERRIDABLE])
def test_half_a_guardrail(guardrail: Guardrail | None) -> None:
    with pytest.raises(InvalidRequestError):
        prepared(said(), guardrail, {IDENTIFIER_HEADER: ["mine"]})


@pytest.mark.parametrize("headers", [OWN, {IDENTIFIER_HEADER: ["mine"]}, {"x-guardrail-new": ["1"]}])
def test_another_guardrail_in_headers(headers: dict[str, list[str]]) -> None:
    with pytest.raises(GuardrailOverrideError):
        prepared(said(), GUARDRAIL, headers)


def test_the_same_guardrail_in_headers() -> None:
    same = {IDENTIFIER_HEADER: ["gr"], VERSION_HEADER: ["1"], TRACE_HEADER: ["DISABLED"]}
    assert body(said(), GUARDRAIL, same)["guardrailConfig"] == ENFORCED


@pytest.mark.parametrize(
    "name",
    ["guardrailConfig", "guardrail_config", "guardrailIdentifier", CONFIG_KEY, "amazon-bedrock-trace"],
)
@pytest.mark.parametrize("guardrail", [None, GUARDRAIL, OVERRIDABLE])
def test_another_guardrail_in_the_body(name: str, guardrail: Guardrail | None) -> None:
    """It is refused, or has no effect where callers may choose."""
    document = {**said(), name: {"guardrailIdentifier": "mine", "guardrailVersion": "2"}}
    if name == CONFIG_KEY and guardrail is not GUARDRAIL:
        found = body(document, guardrail)
        assert found.get("guardrailConfig") == (None if guardrail is None else ENFORCED)
        assert "mine" not in json.dumps(found)
    else:
        with pytest.raises((GuardrailOverrideError, InvalidRequestError)):
            body(document, guardrail)


@pytest.mark.parametrize("guardrail", [None, GUARDRAIL, OVERRIDABLE])
@pytest.mark.parametrize(
    "document",
    [
        said(TAG),
        said(TAG.upper()),
        said(messages=[{"role": "system", "content": TAG}, {"role": "user", "content": "a"}]),
        said(tools=[{"type": "function", "function": {"name": "f", "description": TAG}}]),
        with_result(TAG),
        with_result("r", arguments=json.dumps({"a": TAG}).replace("a", "\\u0061")),
    ],
)
def test_input_tags(guardrail: Guardrail | None, document: dict[str, Any]) -> None:
    """The native route's tags mean nothing to Converse, and are refused."""
    with pytest.raises(InvalidRequestError) as caught:
        prepared(document, guardrail)
    assert caught.value.code == "guardrail_tag_not_allowed"


@pytest.mark.parametrize(
    "part",
    [
        {"type": "guardContent", "guardContent": {"text": {"text": "a"}}},
        {"type": "text", "text": "a", "guardContent": {"text": {"text": "b"}}},
        {"type": "text", "text": "a", "qualifiers": ["grounding_source"]},
        {"guardContent": {"text": {"text": "a"}}},
        {"text": "a"},
    ],
)
def test_converses_own_marks(part: dict[str, Any]) -> None:
    """A caller cannot send Converse's blocks."""
    with pytest.raises(InvalidRequestError):
        prepared(said(messages=[{"role": "user", "content": [part]}]))


@pytest.mark.parametrize("tagging", [Tagging.USER_TURNS, Tagging.LATEST_USER_TURN])
def test_user_turns_check_nothing_else(tagging: Tagging) -> None:
    call = prepared(with_result("SECRET"), GUARDRAIL._replace(tagging=tagging)).call
    assert (call.is_checked_whole, call.elsewhere) == (False, "")


def test_a_masked_text_is_what_is_sent() -> None:
    """A text that is replaced after the body was written is replaced in what is sent."""
    call = prepared(with_result("ada@example.com")).call
    assert b"ada@example.com" in call.content()
    assert call.replace(guarded.results_and_arguments(call.body), ["{EMAIL}"])
    assert b"ada@example.com" not in call.content()
    assert json.loads(call.content()) == call.body


def test_a_body_is_written_once() -> None:
    """A body without changes is not written again, and is what the request holds."""
    request = prepared(said("x" * 1000))
    assert request.content is request.call.content()


@pytest.mark.parametrize("model", ["anthropic." + "a" * 2_039, "anthropic." + "é" * 40_000])
def test_model_too_long(model: str) -> None:
    """Bedrock's limit is 2048 characters, and a longer path would be no URL."""
    assert prepared(said(model=model[:2_048])).call.model
    with pytest.raises(InvalidRequestError) as caught:
        prepared(said(model=model))
    assert (caught.value.param, caught.value.code) == ("model", "invalid_model")


@pytest.mark.parametrize("document", [said("\ud800"), with_result("r", arguments='{"a": "\\ud800"}')])
def test_unpaired_surrogate(document: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        prepared(document)
