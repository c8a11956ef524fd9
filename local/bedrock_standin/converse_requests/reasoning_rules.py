"""What a model refuses about reasoning: how it is asked for, and how it is given back.

Texts of Claude's refusals are as recorded. docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.bedrock_standin.converse_requests.signed_reasoning import signature_of
from local.bedrock_standin.refusals import RefusalError, validation_error

if TYPE_CHECKING:
    from local.bedrock_standin.converse_requests.blocks import ContentBlock, Reasoning
    from local.bedrock_standin.converse_requests.body import ConverseBody
    from local.bedrock_standin.converse_requests.families import Family

_LEAST_BUDGET = 1024
_LEAST_TOP_P = 0.95


def asks_for_reasoning(body: ConverseBody) -> bool:
    """Whether the additional fields switch reasoning on."""
    return bool({_type_of(body, "thinking"), _type_of(body, "reasoningConfig")} & {"enabled", "adaptive"})


def check_reasoning(body: ConverseBody, family: Family) -> None:
    """Raises RefusalError (400) if the model refuses the request's reasoning."""
    kind = _type_of(body, "thinking")
    if kind in ("enabled", "adaptive"):
        _check_thinking(body, family, kind)
    for index, message in enumerate(body.messages):
        if message.role != "assistant":
            continue
        for number, block in enumerate(message.content):
            if block.reasoning_content is not None:
                _check_given_back(block.reasoning_content, family, f"messages.{index}.content.{number}")
        _check_first(
            message.content, f"messages.{index}.content.0", is_thinking=kind in ("enabled", "adaptive")
        )


def _type_of(body: ConverseBody, field: str) -> str | None:
    value = body.additional_model_request_fields.get(field)
    kind = value.get("type") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else None


def _check_thinking(body: ConverseBody, family: Family, kind: str) -> None:
    if kind not in family.thinking:
        raise validation_error(f"`thinking.type.{kind}` is not supported for this model.")
    if kind == "enabled":
        _check_budget(body, body.additional_model_request_fields["thinking"].get("budget_tokens"))
    config = body.inference_config
    if config.temperature not in (None, 1):
        raise validation_error("`temperature` may only be set to 1 when thinking is enabled.")
    if config.top_p is not None and config.top_p < _LEAST_TOP_P:
        raise validation_error("`top_p` must be greater than or equal to 0.95 when thinking is enabled.")
    choice = body.tool_config.tool_choice if body.tool_config else None
    if choice is not None and choice.auto is None:
        raise validation_error("Thinking may not be enabled when tool_choice forces tool use.")


def _check_budget(body: ConverseBody, budget: Any) -> None:
    if type(budget) is not int or budget < _LEAST_BUDGET:
        raise validation_error(
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
        )
    limit = body.inference_config.max_tokens
    if limit is not None and limit <= budget:
        raise validation_error("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _check_given_back(reasoning: Reasoning, family: Family, place: str) -> None:
    text = reasoning.reasoning_text
    if not family.signed_reasoning:
        raise validation_error("This model doesn't support the reasoningContent field in messages.")
    if text is None:
        return
    if text.signature is None:
        raise _field_required(place)
    if text.signature != signature_of(text.text):
        raise validation_error(f"{place}: Invalid `signature` in `thinking` block")


def _field_required(place: str) -> RefusalError:
    return validation_error(f"{place}.thinking.signature: Field required")


def _check_first(content: list[ContentBlock], place: str, *, is_thinking: bool) -> None:
    """While the model thinks, a turn that calls a tool starts with its reasoning."""
    calls = any(block.tool_use is not None for block in content)
    if is_thinking and calls and content[0].reasoning_content is None:
        found = "tool_use" if content[0].tool_use is not None else "text"
        raise validation_error(
            f"{place}.type: Expected `thinking` or `redacted_thinking`, but found `{found}`."
        )
