"""Reasoning efforts, by family."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.chat_gateway.converse.translations import (
    CLAUDE,
    CLAUDE_3,
    CLAUDE_5,
    HIDDEN,
    LLAMA,
    NOVA,
    NOVA_2,
    UNSUPPORTED,
    body,
    call,
    calls,
    refusal,
    result,
    tool,
    user,
)

RESULTS = [user(), calls(call()), result()]


@pytest.mark.parametrize(
    ("effort", "max_tokens", "budget"),
    [
        ("minimal", 20_000, 4_000),
        ("low", 2_000, 1_024),
        ("medium", 4_096, 2_048),
        ("high", 10_000, 8_000),
        ("xhigh", 10_000, 9_000),
        ("xhigh", 1_025, 1_024),
    ],
)
def test_a_budget_is_a_share_of_the_limit(effort: str, max_tokens: int, budget: int) -> None:
    """Claude 4.5 gets a budget: a share of the limit, at least 1,024 tokens, and less than the limit."""
    sent = body(reasoning_effort=effort, max_tokens=max_tokens)
    thinking = {"type": "enabled", "budget_tokens": budget}
    assert sent["additionalModelRequestFields"] == {"thinking": thinking}
    assert sent["additionalModelResponseFieldPaths"] == ["/usage/output_tokens_details"]


def test_a_budget_needs_room() -> None:
    """A limit that leaves no room for the smallest budget is refused."""
    assert refusal(reasoning_effort="low", max_tokens=1024).param == "max_completion_tokens"


@pytest.mark.parametrize(
    ("effort", "sent"), [("minimal", "low"), ("medium", "medium"), ("high", "high"), ("xhigh", "xhigh")]
)
def test_newer_claudes_get_an_effort(effort: str, sent: str) -> None:
    """Claude from 4.6 on thinks adaptively, with an effort."""
    request = body(model=CLAUDE_5, reasoning_effort=effort)
    assert request["additionalModelRequestFields"] == {"thinking": {"type": "adaptive"}}
    assert request["outputConfig"] == {"effort": sent}


@pytest.mark.parametrize(("effort", "sent"), [("minimal", "low"), ("medium", "medium")])
def test_nova_gets_an_effort(effort: str, sent: str) -> None:
    """Nova 2 gets its own setting, also behind results of tools."""
    config = {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": sent}}
    request = body(RESULTS, model=NOVA_2, reasoning_effort=effort, temperature=0.5)
    assert request["additionalModelRequestFields"] == config
    assert request["inferenceConfig"] == {"maxTokens": 4096, "temperature": 0.5}


@pytest.mark.parametrize("effort", ["high", "xhigh"])
def test_nova_with_high_effort_has_no_limits(effort: str) -> None:
    """With high effort Nova gets no limit, and a caller's limit or sampling is refused."""
    assert "inferenceConfig" not in body(model=NOVA_2, reasoning_effort=effort)
    for name, value in (("max_tokens", 9000), ("temperature", 0.5), ("top_p", 1), ("top_k", 1)):
        assert refusal(model=NOVA_2, reasoning_effort=effort, **{name: value}).param == name


@pytest.mark.parametrize("model", [CLAUDE_3, NOVA, LLAMA, HIDDEN])
def test_other_families_refuse_an_effort(model: str) -> None:
    """A family without the setting refuses it by the family's name, except `none`."""
    error = refusal(model=model, reasoning_effort="low")
    assert (error.param, error.code) == ("reasoning_effort", UNSUPPORTED)
    assert body(model=model, reasoning_effort="none") == body(model=model)


@pytest.mark.parametrize("effort", ["max", "", 7, [], {}])
def test_other_efforts_are_refused(effort: object) -> None:
    """A value that OpenAI does not have is refused."""
    assert refusal(reasoning_effort=effort).param == "reasoning_effort"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"temperature": 0.5}, "temperature"),
        ({"top_p": 0.9}, "top_p"),
        ({"top_k": 5}, "top_k"),
        ({"tools": [tool()], "tool_choice": "required"}, "tool_choice"),
    ],
)
@pytest.mark.parametrize("model", [CLAUDE, CLAUDE_5])
def test_what_thinking_excludes(fields: dict[str, Any], param: str, model: str) -> None:
    """What Claude refuses while it thinks is refused before Bedrock is asked."""
    error = refusal(model=model, reasoning_effort="low", **fields)
    assert (error.param, error.code) == (param, UNSUPPORTED)


def test_what_thinking_allows() -> None:
    """A temperature of 1 and a top_p of at least 0.95 go up beside the reasoning."""
    assert body(reasoning_effort="low", temperature=1)["inferenceConfig"]["temperature"] == 1
    assert body(reasoning_effort="low", top_p=0.95)["inferenceConfig"]["topP"] == 0.95


def test_behind_results_nothing_is_excluded() -> None:
    """Behind results Claude does not think, so that a forced tool and a temperature are possible."""
    fields = {"tools": [tool()], "tool_choice": "required", "temperature": 0.5}
    assert body(RESULTS, reasoning_effort="low", **fields) == body(RESULTS, **fields)
