"""Gives an answer that the guardrail blocked its one shape, and takes out what the guardrail found."""

from __future__ import annotations

from typing import Any

from chat_gateway.core import choices
from chat_gateway.guardrail.outcome import BLOCKED_REASON, find_traces


def present(document: dict[str, Any], *, is_block: bool, has_trace: bool = True, keep_trace: bool) -> bool:
    """Gives `document` the one shape of a block, and takes the traces out; whether it has to be written anew.

    `is_block`: its outcome is INTERVENED. A block has `finish_reason` content_filter wherever a choice ends. Text that may
    hold a trace is always written anew: of a key that is repeated, the text still has what the document has not.
    """
    is_changed = has_trace and not keep_trace
    if is_changed:
        _leave_out_traces(document)
    return (is_block and _set_finish_reason(document)) or is_changed


def _set_finish_reason(document: dict[str, Any]) -> bool:
    """Whether a choice's `finish_reason` had to be changed."""
    ends = [choice for choice in choices.of(document) if _ends_otherwise(choice)]
    for choice in ends:
        choice["finish_reason"] = BLOCKED_REASON
    return bool(ends)


def _ends_otherwise(choice: dict[str, Any]) -> bool:
    """Whether the choice ends, for another reason. A whole answer ends in any case, a stream's event need not."""
    reason = choice.get("finish_reason")
    return reason != BLOCKED_REASON and (reason is not None or "message" in choice)


def _leave_out_traces(document: dict[str, Any]) -> None:
    for holder, key in list(find_traces(document)):
        del holder[key]
