"""Answers hold only values of OpenAI's enumerations, as OpenAI's own types read them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from chat_gateway.completions import enumerations


def completion(**choice: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "hi", **choice.pop("message", {})}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message, **choice}],
    }


def chunk(**choice: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": None, "delta": {}, **choice}],
    }


def conformed(document: dict[str, Any], kind: str = enumerations.COMPLETION) -> dict[str, Any]:
    enumerations.conform(document, kind)
    enumerations.conform_service_tier(document)
    return document


@pytest.mark.parametrize(
    ("tier", "becomes"),
    [
        ("standard", "default"),
        ("default", "default"),
        ("flex", "flex"),
        ("reserved", None),
        (7, None),
        ([], None),
    ],
)
def test_a_tier_is_openais_or_left_out(tier: object, becomes: str | None) -> None:
    """The service tier has OpenAI's name, or is left out."""
    assert conformed({**completion(), "service_tier": tier}).get("service_tier") == becomes


@pytest.mark.parametrize(
    ("reason", "becomes"),
    [
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("tool_use", "tool_calls"),
        ("guardrail_intervened", "content_filter"),
        ("something_new", "stop"),
        ({"a": 1}, "stop"),
        ("length", "length"),
    ],
)
def test_a_finish_reason_is_openais(reason: object, becomes: str) -> None:
    """A finish reason that OpenAI does not have is mapped to one that it has."""
    document = conformed(completion(finish_reason=reason))
    assert document["choices"][0]["finish_reason"] == becomes


@pytest.mark.parametrize("role", ["model", None, 7, []])
def test_a_message_is_the_assistants(role: object) -> None:
    """A completion's message always has the role `assistant`."""
    assert conformed(completion(message={"role": role}))["choices"][0]["message"]["role"] == "assistant"


def test_what_conforms_is_not_changed() -> None:
    """An answer in OpenAI's form is recognised and is not written again."""
    assert not enumerations.conform(completion(), enumerations.COMPLETION)
    assert not enumerations.conform(chunk(), enumerations.CHUNK)
    assert not enumerations.conform_service_tier(completion())


ODD = st.recursive(
    st.none() | st.integers() | st.sampled_from(["standard", "stop", "end_turn", "user", "function", "x"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "type"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(tier=ODD, reason=ODD, role=ODD, kind=ODD, object_=ODD)
def test_a_strict_client_reads_it(tier: Any, reason: Any, role: Any, kind: Any, object_: Any) -> None:
    """With any value in an enumerated field, OpenAI's own types accept the completion and the chunk."""
    call = {"id": "c", "type": kind, "function": {"name": "f", "arguments": "{}"}}
    other = {"service_tier": tier, "object": object_}
    whole = completion(finish_reason=reason or "stop", message={"role": role, "tool_calls": [call]}) | other
    part = chunk(finish_reason=reason, delta={"role": role, "tool_calls": [{"index": 0, **call}]}) | other
    ChatCompletion.model_validate_json(json.dumps(conformed(whole)))
    ChatCompletionChunk.model_validate_json(json.dumps(conformed(part, enumerations.CHUNK)))


@given(st.text(), st.sampled_from(["", " "]))
def test_bytes_are_replaced_where_the_field_is(words: str, blank: str) -> None:
    """The tier is corrected in the text itself, and content that looks like the field stays."""
    document = {
        **completion(message={"content": f'{words}"service_tier":"standard"'}),
        "service_tier": "standard",
    }
    text = json.dumps(document, separators=(",", f":{blank}"), ensure_ascii=False)
    enumerations.conform_service_tier(document)
    written = enumerations.text_with_service_tier(text, document)
    assert written is not None
    assert json.loads(written) == document
    as_bytes = enumerations.bytes_with_service_tier(text.encode("utf-8", "surrogatepass"), document)
    assert as_bytes == written.encode("utf-8", "surrogatepass")


def test_every_spelling_is_replaced() -> None:
    """Two tiers, one written with a blank and one without, are both corrected."""
    text = '{"service_tier": "standard","usage":{"service_tier":"standard"}}'
    document = json.loads(text)
    assert enumerations.conform_service_tier(document)
    assert enumerations.text_with_service_tier(text, document) == text.replace("standard", "default")
    assert (
        enumerations.bytes_with_service_tier(text.encode(), document)
        == text.replace("standard", "default").encode()
    )
