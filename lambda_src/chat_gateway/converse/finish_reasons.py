"""Turns Converse's `stopReason` into OpenAI's `finish_reason`.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (stopReason)
"""

from __future__ import annotations

from chat_gateway.guardrail.outcome import BLOCKED_REASON

GUARDRAIL_INTERVENED = "guardrail_intervened"
_STOP, _TOOL_CALLS = "stop", "tool_calls"
_NAMES = {
    "content_filtered": BLOCKED_REASON,
    GUARDRAIL_INTERVENED: BLOCKED_REASON,
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
}
_MALFORMED = ("malformed_model_output", "malformed_tool_use")


def of(stop_reason: object, *, is_block: bool, has_calls: bool) -> str:
    """The `finish_reason`. `is_block`: the guardrail replaced the answer.

    Other reasons than those above, and unknown ones, end the answer normally: with tool calls, if there are any.
    """
    if is_block:
        return BLOCKED_REASON
    known = _NAMES.get(stop_reason) if isinstance(stop_reason, str) else None
    return known or (_TOOL_CALLS if has_calls else _STOP)


def is_unusable(stop_reason: object, *, has_words: bool, has_calls: bool) -> bool:
    """Whether the model wrote something malformed, and nothing else: its tool calls cannot be trusted then."""
    return stop_reason in _MALFORMED and (has_calls or not has_words)
