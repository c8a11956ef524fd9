"""Turns Converse's guardrail trace into the keys that a native chat completion has, without the text that was found.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_GuardrailTraceAssessment.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from chat_gateway.converse.finish_reasons import GUARDRAIL_INTERVENED
from chat_gateway.core import foreign_text
from chat_gateway.guardrail.outcome import ACTION_KEY, INTERVENED, NONE, TRACE_KEY, check_of

# What an entry says about itself; `match`, `regex` and everything else may hold the caller's or the model's text.
_KEPT = ("name", "type", "action", "confidence", "filterStrength")
_BLOCKED = "BLOCKED"


class GuardrailKeys(NamedTuple):
    """`is_block`: the guardrail replaced the answer. `keys`: a native answer's top-level keys, none without a guardrail."""

    is_block: bool
    keys: dict[str, Any]


def read(trace: object, stop_reason: object) -> GuardrailKeys:
    """What an answer's `trace` and `stopReason` say about the guardrail.

    For a masked answer the trace alone says so. Without a trace, an answer that is no block says nothing.
    """
    is_block = stop_reason == GUARDRAIL_INTERVENED
    guardrail = trace.get("guardrail") if isinstance(trace, dict) else None
    if not isinstance(guardrail, dict):
        return GuardrailKeys(is_block, {ACTION_KEY: INTERVENED} if is_block else {})
    inputs, outputs = (_by_guardrail(guardrail.get(n)) for n in ("inputAssessment", "outputAssessments"))
    actions = set(_actions(inputs)) | set(_actions(outputs))
    is_block = is_block or _BLOCKED in actions
    shown: dict[str, Any] = {
        "input": {id_: each[0] if len(each) == 1 else each for id_, each in inputs.items()}
    }
    shown["outputs"] = [{id_: each} for id_, each in outputs.items()]
    if reason := foreign_text.label(guardrail.get("actionReason")):
        shown["actionReason"] = reason
    action = INTERVENED if is_block or actions - {NONE} else NONE
    return GuardrailKeys(is_block, {ACTION_KEY: action, TRACE_KEY: {"guardrail": shown}})


def _by_guardrail(part: object) -> dict[str, list[dict[str, Any]]]:
    """The assessments without text, by the guardrail's id. Converse has one for the input, and a list for the output."""
    return {
        id_: [_without_text(a) for a in (said if isinstance(said, list) else [said]) if isinstance(a, dict)]
        for id_, said in (part.items() if isinstance(part, dict) else ())
    }


def _without_text(assessment: dict[str, Any]) -> dict[str, Any]:
    return check_of(assessment) | {
        policy: {
            kind: [_entry(entry) for entry in entries if isinstance(entry, dict)]
            for kind, entries in kinds.items()
            if isinstance(entries, list)
        }
        for policy, kinds in assessment.items()
        if policy.endswith("Policy") and isinstance(kinds, dict)
    }


def _entry(entry: dict[str, Any]) -> dict[str, str]:
    said = {name: foreign_text.label(entry.get(name)) for name in _KEPT}
    return {name: value for name, value in said.items() if value is not None}


def _actions(parts: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for assessments in parts.values():
        for assessment in assessments:
            policies = [kinds for kinds in assessment.values() if isinstance(kinds, dict)]
            for entries in (entries for kinds in policies for entries in kinds.values()):
                yield from (entry["action"] for entry in entries if "action" in entry)
