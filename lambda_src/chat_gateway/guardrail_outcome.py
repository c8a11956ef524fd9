"""What the guardrail did to an answer: told in one shape, and without what it found.

Chat completions answer a block with HTTP 200. That they carry InvokeModel's `amazon-bedrock-guardrailAction` and
`amazon-bedrock-trace` is unconfirmed, so every sign is enough by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

INTERVENED, MASKED, NONE = "INTERVENED", "MASKED", "NONE"
_ACTION_KEY, _TRACE_KEY = "amazon-bedrock-guardrailAction", "amazon-bedrock-trace"
_BLOCKED_ID = "bedrock-guardrails-"
_BLOCKED_REASON = "content_filter"
_WORDS = "wordPolicy"
_MAX_FINDINGS = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """`action` is INTERVENED for a block, MASKED for an answer with parts replaced, NONE, or None where unsaid.

    `findings` are what the trace says of it, if there is one: source, policy, name and action; no text.
    """

    action: str | None = None
    findings: tuple[dict[str, str], ...] = ()

    def combined_with(self, other: Outcome) -> Outcome:
        """What two parts of one answer say together."""
        if other is NOTHING_SAID:
            return self
        actions = (self.action, other.action)
        strongest = next((action for action in (INTERVENED, MASKED, NONE) if action in actions), None)
        return Outcome(strongest, (self.findings + other.findings)[:_MAX_FINDINGS])

    def counts(self) -> dict[str, int]:
        """How many findings each policy has."""
        return dict(Counter(finding["policy"] for finding in self.findings))


NOTHING_SAID = Outcome()  # what nearly every event of a stream says


def read(document: dict[str, Any]) -> Outcome:
    """What a completion, or an event of a stream, says of the guardrail; never raises."""
    trace, reported = document.get(_TRACE_KEY), document.get(_ACTION_KEY)
    is_block = _is_block(document)
    if trace is None and reported is None and not is_block:
        return NOTHING_SAID
    findings = tuple(_findings(trace))
    if is_block:
        return Outcome(INTERVENED, findings)
    # Bedrock reports a masked answer as INTERVENED, too.
    action = MASKED if reported == INTERVENED else NONE if reported == NONE else None
    return Outcome(action, findings)


def present(document: dict[str, Any], *, keep_trace: bool) -> bool:
    """Gives `document` the one shape of a block, and takes the trace out; whether that changed it.

    A block has `finish_reason` content_filter wherever a choice ends.
    """
    had_trace = not keep_trace and document.pop(_TRACE_KEY, None) is not None
    ends = [
        choice
        for choice in _choices(document)
        if choice.get("finish_reason")
        not in ((_BLOCKED_REASON,) if "message" in choice else (None, _BLOCKED_REASON))
    ]
    if not ends or not _is_block(document):
        return had_trace
    for choice in ends:
        choice["finish_reason"] = _BLOCKED_REASON
    return True


def has_trace(document: dict[str, Any]) -> bool:
    """Whether the document says what the guardrail found."""
    return _TRACE_KEY in document


def _is_block(document: dict[str, Any]) -> bool:
    return str(document.get("id", "")).startswith(_BLOCKED_ID) or any(
        choice.get("finish_reason") == _BLOCKED_REASON for choice in _choices(document)
    )


def _choices(document: dict[str, Any]) -> list[dict[str, Any]]:
    choices = document.get("choices")
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []


def _findings(trace: object) -> Iterator[dict[str, str]]:
    """Of `{"guardrail": {"input": {id: assessment}, "outputs": [{id: assessment | [assessment]}]}}` what has no text."""
    guardrail = trace.get("guardrail") if isinstance(trace, dict) else None
    if not isinstance(guardrail, dict):
        return
    for source, part in (("input", guardrail.get("input")), ("output", guardrail.get("outputs"))):
        for assessment in _dicts_below(part):
            for policy, entries in _policies(assessment):
                yield from (_finding(source, policy, entry) for entry in entries)


def _dicts_below(part: object) -> Iterator[dict[str, Any]]:
    """The objects two levels down at most, past lists: the assessments, whichever way they are wrapped."""
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


def _finding(source: str, policy: str, entry: dict[str, Any]) -> dict[str, str]:
    """`match` and `regex` hold the caller's words, so only these three are taken; of words not even a name."""
    taken = ("type", "action") if policy == _WORDS else ("name", "type", "action")
    finding = {"source": source, "policy": policy}
    finding.update((name, str(entry[name])[:100]) for name in taken if name in entry)
    return finding
