"""Gives every blocked answer the same shape, and removes the guardrail's trace."""

from __future__ import annotations

from typing import Any

from chat_gateway.core import choices
from chat_gateway.guardrail.outcome import BLOCKED_REASON, find_traces


def present(document: dict[str, Any], *, is_block: bool, has_trace: bool = True, keep_trace: bool) -> bool:
    """Gives `document` the shape of a block and removes its traces. Returns whether it must be serialised again.

    `is_block`: the outcome is INTERVENED. In a block, every choice that ends has the `finish_reason` content_filter. Text
    that may hold a trace is always serialised again: it may hold a repeated key whose first value the document has not.
    """
    is_changed = has_trace and not keep_trace
    if is_changed:
        _leave_out_traces(document)
    return (is_block and _set_finish_reason(document)) or is_changed


def _set_finish_reason(document: dict[str, Any]) -> bool:
    """Returns whether a choice's `finish_reason` was changed."""
    ends = [choice for choice in choices.of(document) if _ends_otherwise(choice)]
    for choice in ends:
        choice["finish_reason"] = BLOCKED_REASON
    return bool(ends)


def _ends_otherwise(choice: dict[str, Any]) -> bool:
    """Whether the choice ends for another reason. A choice with a `message` always ends; a stream's may not yet."""
    reason = choice.get("finish_reason")
    return reason != BLOCKED_REASON and (reason is not None or "message" in choice)


def _leave_out_traces(document: dict[str, Any]) -> None:
    for holder, key in list(find_traces(document)):
        del holder[key]
