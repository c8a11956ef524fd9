"""Limits and sampling."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.chat_gateway.converse.translations import (
    CLAUDE,
    CLAUDE_3,
    LLAMA,
    NOVA,
    UNSUPPORTED,
    body,
    refusal,
)


@pytest.mark.parametrize(
    ("fields", "model", "sent"),
    [
        ({}, CLAUDE, 4096),
        ({}, LLAMA, 2048),
        ({"max_tokens": 5}, CLAUDE, 5),
        ({"max_completion_tokens": 6}, CLAUDE, 6),
        ({"max_completion_tokens": 6, "max_tokens": 5}, CLAUDE, 6),
        ({"max_completion_tokens": None, "max_tokens": 5}, CLAUDE, 5),
        ({"max_tokens": 100_000}, LLAMA, 100_000),
    ],
)
def test_the_limit(fields: dict[str, Any], model: str, sent: int) -> None:
    """The caller's limit goes up, `max_completion_tokens` first; without one the family's default."""
    assert body(model=model, **fields)["inferenceConfig"] == {"maxTokens": sent}


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"temperature": 0.2}, {"temperature": 0.2}),
        ({"temperature": 0, "top_p": 1}, {"temperature": 0}),
        ({"temperature": 1.0, "top_p": 0.9}, {"topP": 0.9}),
        ({"temperature": 1, "top_p": 1}, {"temperature": 1}),
    ],
)
def test_newer_claudes_sample_one_way(fields: dict[str, Any], sent: dict[str, Any]) -> None:
    """Of temperature and top_p, one that has Claude's default is not sent."""
    assert body(**fields)["inferenceConfig"] == {"maxTokens": 4096, **sent}


@pytest.mark.parametrize("model", [CLAUDE_3, NOVA, LLAMA])
def test_others_sample_both_ways(model: str) -> None:
    """Other families get both, also a 1."""
    sent = body(model=model, temperature=1, top_p=0.5)["inferenceConfig"]
    assert (sent["temperature"], sent["topP"]) == (1, 0.5)


@pytest.mark.parametrize(
    ("stop", "sent"),
    [("END", ["END"]), (["a", "", "b"], ["a", "b"]), ("", None), ([], None), ([""], None), (None, None)],
)
def test_stops(stop: object, sent: object) -> None:
    """One stop or a list goes up, without empty ones."""
    assert body(stop=stop)["inferenceConfig"].get("stopSequences") == sent


def test_top_k_where_it_is_read() -> None:
    """`top_k` stands where Claude and Nova read it."""
    assert body(top_k=5)["additionalModelRequestFields"] == {"top_k": 5}
    assert body(model=NOVA, top_k=5)["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 5}}
    error = refusal(model=LLAMA, top_k=5)
    assert (error.param, error.code) == ("top_k", UNSUPPORTED)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("max_tokens", "5", "invalid_type"),
        ("max_tokens", True, "invalid_type"),
        ("max_tokens", 5.0, "invalid_type"),
        ("max_tokens", 0, "invalid_value"),
        ("max_completion_tokens", 2**31, "invalid_value"),
        ("max_completion_tokens", -1, "invalid_value"),
        ("temperature", 1.1, UNSUPPORTED),
        ("temperature", -0.1, UNSUPPORTED),
        ("temperature", float("nan"), UNSUPPORTED),
        ("temperature", "1", "invalid_type"),
        ("temperature", True, "invalid_type"),
        ("top_p", 1.1, UNSUPPORTED),
        ("top_p", [], "invalid_type"),
        ("top_k", "5", "invalid_type"),
        ("top_k", -1, "invalid_value"),
        ("stop", 7, "invalid_type"),
        ("stop", ["a", 7], "invalid_type"),
    ],
)
def test_wrong_values_are_refused(name: str, value: object, code: str) -> None:
    """A value of the wrong type, or that Converse has no equal for, is refused by its field."""
    error = refusal(model=NOVA, **{name: value})
    assert (error.param, error.code) == (name, code)
