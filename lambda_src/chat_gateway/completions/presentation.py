"""Gives a completion the shape that callers see."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chat_gateway.bedrock.client import Completion
from chat_gateway.completions import enumerations, reasoning
from chat_gateway.guardrail import blocked_answer
from chat_gateway.guardrail import outcome as guardrail_outcome
from chat_gateway.guardrail.outcome import INTERVENED

# Changes the document, and returns its text; None: it must be serialised again.
Rename = Callable[[str, dict[str, Any]], "str | None"]


def presented(
    completion: Completion, *, keep_trace: bool, separates_reasoning: bool, rename: Rename | None = None
) -> Completion:
    """The completion in its final shape, with the guardrail's outcome. The text is unchanged if it has that shape.

    `rename` replaces the answer's model; None: it stays.
    """
    document, text = completion.document, completion.text
    has_trace = guardrail_outcome.may_hold_trace(text)
    # First: it maps the names of a block to one.
    changed = enumerations.conform(document, enumerations.COMPLETION)
    outcome = guardrail_outcome.read(document, has_trace=has_trace, conceal=completion.conceal)
    changed |= blocked_answer.present(
        document, is_block=outcome.action == INTERVENED, has_trace=has_trace, keep_trace=keep_trace
    )
    if separates_reasoning:
        changed = reasoning.separate(document) or changed
    as_it_came: str | None = text
    service_tier = document.get("service_tier")
    if enumerations.conform_service_tier(document) and not changed:
        as_it_came = enumerations.text_with_service_tier(text, document)
    if rename is not None:
        as_it_came = rename(as_it_came or "", document)
    # In ASCII, since a model may answer an unpaired surrogate, which cannot be encoded as UTF-8.
    shown = json.dumps(document) if changed or as_it_came is None else as_it_came
    return replace(completion, text=shown, guardrail_outcome=outcome, service_tier=service_tier)
