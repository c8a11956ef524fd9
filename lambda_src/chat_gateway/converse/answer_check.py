"""Checks what Converse does not check in an answer, arguments and reasoning, before it is released."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from chat_gateway.converse import guarded
from chat_gateway.converse.apply_guardrail import GuardrailChecks, Verdict, cannot_mask
from chat_gateway.converse.finish_reasons import GUARDRAIL_INTERVENED
from chat_gateway.guardrail.outcome import APPLY_GUARDRAIL, CHECK_KEY

if TYPE_CHECKING:
    from chat_gateway.converse.guarded import Block

_INPUT, _OUTPUT = "inputAssessment", "outputAssessments"


class AnswerCheck:
    """Checks one answer. `asked` is the verdict on the request, whose findings the answer's trace gets, too.

    `offered`: the names of the request's tools, as Converse got them.
    """

    def __init__(self, checks: GuardrailChecks, asked: Verdict | None, offered: Collection[str]) -> None:
        self._checks, self._asked, self._offered = checks, asked, offered

    def check(self, answer: dict[str, Any]) -> None:
        """Masks the answer, or makes it a block. Raises what `GuardrailChecks.output` raises."""
        message = _message_of(answer)
        blocks = [block for block in message.get("content") or [] if isinstance(block, dict)]
        if answer.get("stopReason") == GUARDRAIL_INTERVENED:
            message["content"] = [block for block in blocks if "text" in block]
            verdict = None
        else:
            verdict = self.verdict_on(blocks)
        if verdict is not None and verdict.message is not None:
            message["content"] = [{"text": verdict.message or " "}]
            answer["stopReason"] = GUARDRAIL_INTERVENED
        self.add_findings(answer, verdict)

    def verdict_on(self, blocks: list[Block]) -> Verdict | None:
        """The verdict on the blocks, after masking them; None if there is nothing to check."""
        found = guarded.arguments_and_reasoning(blocks, self._offered)
        if not found:
            return None
        verdict = self._checks.output(guarded.texts(found))
        if not verdict.is_masked or guarded.replace(found, verdict.texts):
            return verdict
        return cannot_mask(verdict)

    def add_findings(self, answer: dict[str, Any], verdict: Verdict | None) -> None:
        """Adds what both checks found to the trace of the answer, or of a stream's metadata."""
        if self._asked is not None and self._asked.assessments:
            _add(answer, _INPUT, self._checks.identifier, self._asked.assessments)
        if verdict is not None and verdict.assessments:
            _add(answer, _OUTPUT, self._checks.identifier, verdict.assessments)


def trace_of_input(identifier: str, verdict: Verdict) -> dict[str, Any]:
    """The trace of an answer that says what the guardrail found in the request."""
    return {"guardrail": {_INPUT: {identifier: _marked(verdict.assessments)}}}


def _marked(assessments: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The assessments, each with the check that made it, since Converse's own stand beside them."""
    return [{**found, CHECK_KEY: APPLY_GUARDRAIL} for found in assessments]


def _add(answer: dict[str, Any], part: str, identifier: str, assessments: Iterable[dict[str, Any]]) -> None:
    by_id = _object_in(_object_in(_object_in(answer, "trace"), "guardrail"), part)
    said = by_id.get(identifier)
    before = said if isinstance(said, list) else [said] if isinstance(said, dict) else []
    by_id[identifier] = [*before, *_marked(assessments)]


def _object_in(holder: dict[str, Any], key: str) -> dict[str, Any]:
    inner = holder.get(key)
    if not isinstance(inner, dict):
        inner = holder[key] = {}
    return inner


def _message_of(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer's message; an object of its own if there is none, which `answer.completion` then refuses."""
    output = answer.get("output")
    message = output.get("message") if isinstance(output, dict) else None
    if not isinstance(message, dict) or not isinstance(message.get("content"), list):
        return {}
    return message


def written(document: object) -> bytes:
    """A payload as JSON."""
    return json.dumps(document, separators=(",", ":")).encode()
