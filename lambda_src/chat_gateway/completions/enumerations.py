"""Replaces values that OpenAI's enumerations do not have, since strict clients refuse an answer with one.

The values: https://platform.openai.com/docs/api-reference/chat/object. A known other name is mapped. An unknown one is
replaced by the field's most common value, or removed if the field is optional.
"""

from __future__ import annotations

from typing import Any

from chat_gateway.core import choices

COMPLETION, CHUNK = "chat.completion", "chat.completion.chunk"
_SERVICE_TIER = "service_tier"
_SERVICE_TIERS = frozenset({"auto", "default", "flex", "scale", "priority"})
# Recorded from Bedrock: https://docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html
_SERVICE_TIER_NAMES = {"standard": "default"}
# Without and with the blank that some JSON writers put before a value.
_SERVICE_TIER_TEXTS = (
    ('"service_tier":"standard"', '"service_tier":"default"'),
    ('"service_tier": "standard"', '"service_tier": "default"'),
)
_SERVICE_TIER_BYTES = tuple((said.encode(), conforming.encode()) for said, conforming in _SERVICE_TIER_TEXTS)
_FINISH_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
# Converse's and Anthropic's names.
_FINISH_REASON_NAMES = {
    "content_filtered": "content_filter",
    "end_turn": "stop",
    "guardrail_intervened": "content_filter",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "stop",  # by the model; content_filter is for the guardrail
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
}
_CHUNK_ROLES = frozenset({"developer", "system", "user", "assistant", "tool"})
# A tool call in a chunk may have no type.
_CHUNK_TOOL_TYPES, _TOOL_TYPES = (None, "function"), ("function", "custom")


def conform(document: dict[str, Any], kind: str) -> bool:
    """Corrects all of `document` but its service tier. `kind`: the value of `object`. Returns whether it changed."""
    changed = False
    if document.get("object", kind) != kind:
        document["object"], changed = kind, True
    for choice in choices.of(document):
        changed = _conform_choice(choice) or changed
    return changed


def conform_service_tier(document: dict[str, Any]) -> bool:
    """Corrects or removes the service tier. Returns whether the document changed."""
    tier = document.get(_SERVICE_TIER)
    if tier is None or (isinstance(tier, str) and tier in _SERVICE_TIERS):
        return False
    known = _SERVICE_TIER_NAMES.get(tier) if isinstance(tier, str) else None
    if known is None:
        del document[_SERVICE_TIER]
    else:
        document[_SERVICE_TIER] = known
    return True


def text_with_service_tier(text: str, document: dict[str, Any]) -> str | None:
    """JSON `text` with the corrected tier of `document`; None if the document must be serialised again.

    The replaced text cannot occur inside a JSON string, where quotes are escaped.
    """
    conforming = text
    for said, instead in _SERVICE_TIER_TEXTS:
        conforming = conforming.replace(said, instead)
    return conforming if document.get(_SERVICE_TIER) == "default" and conforming != text else None


def bytes_with_service_tier(text: bytes, document: dict[str, Any]) -> bytes | None:
    """The same for bytes."""
    conforming = text
    for said, instead in _SERVICE_TIER_BYTES:
        conforming = conforming.replace(said, instead)
    return conforming if document.get(_SERVICE_TIER) == "default" and conforming != text else None


def _conform_choice(choice: dict[str, Any]) -> bool:
    changed = _conform_finish_reason(choice)
    message = choice.get("message")
    if isinstance(message, dict):
        if message.get("role") != "assistant":
            message["role"], changed = "assistant", True
        return _conform_tool_calls(message, _TOOL_TYPES) or changed
    delta = choice.get("delta")
    if isinstance(delta, dict):
        role = delta.get("role")
        if role is not None and not (isinstance(role, str) and role in _CHUNK_ROLES):
            delta["role"], changed = "assistant", True
        return _conform_tool_calls(delta, _CHUNK_TOOL_TYPES) or changed
    return changed


def _conform_finish_reason(choice: dict[str, Any]) -> bool:
    reason = choice.get("finish_reason")
    if reason is None or (isinstance(reason, str) and reason in _FINISH_REASONS):
        return False
    choice["finish_reason"] = _FINISH_REASON_NAMES.get(reason, "stop") if isinstance(reason, str) else "stop"
    return True


def _conform_tool_calls(message: dict[str, Any], types: tuple[str | None, ...]) -> bool:
    changed = False
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict) and call.get("type") not in types:
            call["type"], changed = "function", True
    return changed
