"""`reasoning_effort` as each family has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from chat_gateway.converse import inference, parameters
from chat_gateway.converse.families import Family, Reasoning

_AT = "reasoning_effort"
# OpenAI's efforts in Claude's and Nova's words, and the share of the answer's limit that a budget gets.
_EFFORTS: dict[str, tuple[str, str, float]] = {
    "minimal": ("low", "low", 0.2),
    "low": ("low", "low", 0.2),
    "medium": ("medium", "medium", 0.5),
    "high": ("high", "high", 0.8),
    "xhigh": ("xhigh", "high", 0.9),
}
_NO_REASONING = "none"
# https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html
_MIN_BUDGET_TOKENS = 1024
_MIN_TOP_P_WITH_THINKING = 0.95
_HIGH = "high"


class Plan(NamedTuple):
    """How the model reasons. All fields are empty if it does not.

    `model_fields`: for `additionalModelRequestFields`. `effort`: for `outputConfig`. `is_unlimited`: `maxTokens` must not
    be sent. `response_paths`: where the answer tells the tokens of the reasoning.
    """

    model_fields: dict[str, Any]
    effort: str | None = None
    is_unlimited: bool = False
    response_paths: tuple[str, ...] = ()


_NO_PLAN = Plan({})
_CLAUDE_PATHS = ("/usage/output_tokens_details",)


def plan(
    document: Mapping[str, Any], family: Family, max_tokens: int, *, ends_with_results: bool, is_forced: bool
) -> Plan:
    """How the model reasons for this request. Raises InvalidRequestError.

    `ends_with_results`: the last turn holds results of tools. Claude then wants its signed reasoning back, which chat
    completions cannot carry, so it does not reason about them. `is_forced`: the model must call a tool.
    """
    effort = _effort(document.get(_AT))
    if effort is None:
        return _NO_PLAN
    if family.reasoning is Reasoning.NONE:
        raise parameters.unsupported(_AT, f"{family.name}: no such setting. Leave it out.")
    claude, nova, share = _EFFORTS[effort]
    if family.reasoning is Reasoning.NOVA:
        return _of_nova(document, family, nova)
    if ends_with_results:
        return _NO_PLAN
    _check_claude(document, family, is_forced=is_forced)
    if family.reasoning is Reasoning.ADAPTIVE:
        return Plan({"thinking": {"type": "adaptive"}}, effort=claude, response_paths=_CLAUDE_PATHS)
    budget = {"type": "enabled", "budget_tokens": _budget_tokens(share, max_tokens, family)}
    return Plan({"thinking": budget}, response_paths=_CLAUDE_PATHS)


def _effort(value: object) -> str | None:
    if value is None or value == _NO_REASONING:
        return None
    if not isinstance(value, str) or value not in _EFFORTS:
        raise parameters.wrong_value(_AT, f"it must be one of {_NO_REASONING}, {', '.join(_EFFORTS)}.")
    return value


def _of_nova(document: Mapping[str, Any], family: Family, effort: str) -> Plan:
    """With high effort Nova refuses a limit and sampling: https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html."""
    is_high = effort == _HIGH
    surplus = inference.given(document, also_limits=True) if is_high else None
    if surplus is not None:
        raise parameters.unsupported(
            surplus,
            f"{family.name}: with high effort, neither limits nor sampling. Leave it out, or use medium.",
        )
    return Plan({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}, is_unlimited=is_high)


def _check_claude(document: Mapping[str, Any], family: Family, *, is_forced: bool) -> None:
    """Raises InvalidRequestError for what Claude refuses while it thinks."""
    if is_forced:
        raise parameters.unsupported(
            "tool_choice", f"{family.name}: with {_AT}, only auto. Use auto, or leave out {_AT}."
        )
    temperature, top_p = document.get("temperature"), document.get("top_p")
    if temperature is not None and temperature != 1:
        raise parameters.unsupported(
            "temperature", f"{family.name}: with {_AT}, only 1. Leave out one of the two."
        )
    if top_p is not None and top_p < _MIN_TOP_P_WITH_THINKING:
        raise parameters.unsupported(
            "top_p",
            f"{family.name}: with {_AT}, at least {_MIN_TOP_P_WITH_THINKING}. Leave out one of the two.",
        )
    if document.get("top_k") is not None:
        raise parameters.unsupported("top_k", f"{family.name}: not with {_AT}. Leave out one of the two.")


def _budget_tokens(share: float, max_tokens: int, family: Family) -> int:
    if max_tokens <= _MIN_BUDGET_TOKENS:
        raise parameters.wrong_value(
            "max_completion_tokens",
            f"{family.name}: with {_AT}, more than {_MIN_BUDGET_TOKENS}, of which the reasoning gets at least so many.",
        )
    return max(_MIN_BUDGET_TOKENS, int(max_tokens * share))
