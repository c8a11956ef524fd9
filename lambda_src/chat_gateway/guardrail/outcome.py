"""Reads the guardrail's outcome from an answer, without the text that the guardrail found.

A blocked chat completion has HTTP status 200. It is unconfirmed whether chat completions carry InvokeModel's
`amazon-bedrock-guardrailAction` and `amazon-bedrock-trace`, so any one sign of a block is enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from chat_gateway.core import choices, foreign_text
from chat_gateway.core.foreign_text import Conceal

INTERVENED, MASKED, NONE = "INTERVENED", "MASKED", "NONE"
ACTION_KEY, TRACE_KEY = "amazon-bedrock-guardrailAction", "amazon-bedrock-trace"
_TRACE, _PLAIN_TRACE = "amazonbedrocktrace", "trace"
_BLOCKED_ID = "bedrock-guardrails-"
BLOCKED_REASON = "content_filter"
_WORDS = "wordPolicy"
_MAX_FINDINGS = 50
_ONLY_DETECTED = "NONE"
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_GuardrailAssessment.html
_POLICIES = frozenset(
    {
        "automatedReasoningPolicy",
        "contentPolicy",
        "contextualGroundingPolicy",
        "sensitiveInformationPolicy",
        "topicPolicy",
        _WORDS,
    }
)
OTHER_POLICY = "other"
# In an assessment and a finding: which check found it, if not the one of the model's call.
CHECK_KEY, APPLY_GUARDRAIL = "check", "ApplyGuardrail"


class GuardrailOutcome(NamedTuple):
    """`action` is INTERVENED (blocked), MASKED (parts replaced), NONE, or None if the answer does not say.

    `findings` are the first 50 findings of the trace, if there is one: source, policy, name, type and action, but no text;
    `check` is ApplyGuardrail if that found them. `counts` is the number of all findings by policy, `acted` the policies that
    blocked or masked, and `acted_by_apply_guardrail` those of them that did it in that check. A policy has AWS's name, or
    `other`.
    """

    action: str | None = None
    findings: tuple[dict[str, str], ...] = ()
    counts: Mapping[str, int] = MappingProxyType({})
    acted: frozenset[str] = frozenset()
    acted_by_apply_guardrail: frozenset[str] = frozenset()

    def combined_with(self, other: GuardrailOutcome) -> GuardrailOutcome:
        """The outcome of two parts of one answer."""
        if other is NOTHING_SAID:
            return self
        actions = (self.action, other.action)
        strongest = next((action for action in (INTERVENED, MASKED, NONE) if action in actions), None)
        return GuardrailOutcome(
            strongest,
            (self.findings + other.findings)[:_MAX_FINDINGS],
            Counter(self.counts) + Counter(other.counts),
            self.acted | other.acted,
            self.acted_by_apply_guardrail | other.acted_by_apply_guardrail,
        )


# The beginnings of the JSON escapes of ASCII letters: a key may be written with them.
_ESCAPED_LETTERS = ("\\u004", "\\u005", "\\u006", "\\u007")
_ESCAPED_LETTERS_BYTES = tuple(escape.encode() for escape in _ESCAPED_LETTERS)
NOTHING_SAID = GuardrailOutcome()  # the outcome of nearly every event of a stream


def may_hold_trace(raw: str | bytes) -> bool:
    """Whether the JSON text `raw` may hold a trace. A fast check, to skip the search."""
    if isinstance(raw, bytes):
        return b"trace" in raw.lower() or (
            b"\\u00" in raw and any(escape in raw for escape in _ESCAPED_LETTERS_BYTES)
        )
    return "trace" in raw.lower() or ("\\u00" in raw and any(escape in raw for escape in _ESCAPED_LETTERS))


def read(
    document: dict[str, Any],
    *,
    has_trace: bool = True,
    conceal: Conceal = foreign_text.nothing_to_conceal,
) -> GuardrailOutcome:
    """The guardrail's outcome in a completion or stream event. `conceal` masks our credentials. Never raises."""
    reported = document.get(ACTION_KEY)
    traces = [holder[key] for holder, key in find_traces(document)] if has_trace else []
    is_block = _is_block(document)
    if not traces and reported is None and not is_block:
        return NOTHING_SAID
    # Bedrock also reports INTERVENED for a masked answer.
    action = (
        INTERVENED if is_block else MASKED if reported == INTERVENED else NONE if reported == NONE else None
    )
    return _outcome(action, traces, conceal)


def said(document: dict[str, Any]) -> dict[str, Any]:
    """The guardrail's top-level keys in `document`: action and trace."""
    return {key: document[key] for key in (ACTION_KEY, TRACE_KEY) if key in document}


def find_traces(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Every trace, at any depth, as its object and key."""
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                if _is_trace(key, inner):
                    yield value, key
                elif isinstance(inner, dict | list):
                    waiting.append(inner)
        else:
            waiting.extend(inner for inner in value if isinstance(inner, dict | list))


def _is_trace(key: str, value: object) -> bool:
    """Knows InvokeModel's key in any spelling, and Converse's `trace` only with a guardrail in it."""
    if len(key) > 40:
        return False
    plain = key.replace("-", "").replace("_", "").lower()
    if plain == _TRACE:
        return True
    parts = value if isinstance(value, list) else [value]
    return plain == _PLAIN_TRACE and any(isinstance(part, dict) and "guardrail" in part for part in parts)


def _is_block(document: dict[str, Any]) -> bool:
    id_ = document.get("id")
    if isinstance(id_, str) and id_.startswith(_BLOCKED_ID):
        return True
    return any(choice.get("finish_reason") == BLOCKED_REASON for choice in choices.of(document))


def _outcome(action: str | None, traces: list[Any], conceal: Conceal) -> GuardrailOutcome:
    listed: list[dict[str, str]] = []
    counts: Counter[str] = Counter()
    acted, by_apply_guardrail = set(), set()
    for trace in traces:
        for finding in _findings(trace, conceal):
            counts[finding["policy"]] += 1
            if finding.get("action") != _ONLY_DETECTED:
                acted.add(finding["policy"])
                if CHECK_KEY in finding:
                    by_apply_guardrail.add(finding["policy"])
            if len(listed) < _MAX_FINDINGS:
                listed.append(finding)
    return GuardrailOutcome(action, tuple(listed), counts, frozenset(acted), frozenset(by_apply_guardrail))


def _findings(trace: object, conceal: Conceal) -> Iterator[dict[str, str]]:
    """The findings in `{"guardrail": {"input": {id: assessment}, "outputs": [{id: assessment | [assessment]}]}}`."""
    guardrail = trace.get("guardrail") if isinstance(trace, dict) else None
    if not isinstance(guardrail, dict):
        return
    for source, part in (("input", guardrail.get("input")), ("output", guardrail.get("outputs"))):
        for assessment in _dicts_below(part):
            check = check_of(assessment)
            for policy, entries in _policies(assessment):
                yield from (_finding(source, policy, entry, conceal) | check for entry in entries)


def check_of(assessment: dict[str, Any]) -> dict[str, str]:
    """The check that made an assessment, by CHECK_KEY; empty if it was the one of the model's call."""
    return {CHECK_KEY: APPLY_GUARDRAIL} if assessment.get(CHECK_KEY) == APPLY_GUARDRAIL else {}


def _dicts_below(part: object) -> Iterator[dict[str, Any]]:
    """The assessments, whether or not they are in lists."""
    for by_id in part if isinstance(part, list) else [part]:
        for assessments in by_id.values() if isinstance(by_id, dict) else ():
            yield from (
                a
                for a in (assessments if isinstance(assessments, list) else [assessments])
                if isinstance(a, dict)
            )


def _policies(assessment: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for policy, kinds in assessment.items():
        if policy.endswith("Policy") and isinstance(kinds, dict):
            for entries in kinds.values():
                if isinstance(entries, list):
                    yield policy, [entry for entry in entries if isinstance(entry, dict)]


def _finding(source: str, policy: str, entry: dict[str, Any], conceal: Conceal) -> dict[str, str]:
    """Leaves out `match` and `regex`, which hold the caller's text, and the name in a word policy's finding."""
    taken = ("type", "action") if policy == _WORDS else ("name", "type", "action")
    finding = {"source": source, "policy": policy if policy in _POLICIES else OTHER_POLICY}
    for name in taken:
        value = foreign_text.label(entry.get(name), conceal)
        if value is not None:
            finding[name] = value
    return finding
