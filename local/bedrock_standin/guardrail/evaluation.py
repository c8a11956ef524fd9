"""Evaluating texts with a guardrail: what one evaluation found, and what one request reports of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

JsonObject = dict[str, Any]
Source = Literal["INPUT", "OUTPUT"]


@dataclass(frozen=True, slots=True)
class GuardrailRef:
    """The guardrail a request names; `traced`: the caller wants the assessments."""

    identifier: str  # an id or an ARN
    version: str
    traced: bool = False

    @property
    def id(self) -> str:
        """The id alone, as the trace names it."""
        return self.identifier.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a guardrail said of some texts.

    `texts`: when blocked, the guardrail's configured message alone; else one per text given, masked or not.
    """

    intervened: bool
    blocked: bool
    texts: list[str]
    assessment: JsonObject


class GuardrailEvaluator(Protocol):
    """Anything that can evaluate texts."""

    async def evaluate(self, guardrail: GuardrailRef, source: Source, texts: list[str]) -> Evaluation:
        """Evaluate the texts. Raises RefusalError: 400 for an unknown guardrail, 500 if none can be asked."""


@dataclass(slots=True)
class GuardrailReport:
    """What a request's guardrail did so far, and how the answer says it."""

    guardrail: GuardrailRef
    inputs: list[Evaluation] = field(default_factory=list)
    outputs: list[Evaluation] = field(default_factory=list)

    def fields(self) -> JsonObject:
        """The answer's top-level `amazon-bedrock-…` keys.

        [?] AWS documents them for InvokeModel only; chat completions may leave them out, "NONE" above all.
        """
        found = self.inputs + self.outputs
        action = "INTERVENED" if any(e.intervened for e in found) else "NONE"
        fields: JsonObject = {"amazon-bedrock-guardrailAction": action}
        if self.guardrail.traced:
            fields["amazon-bedrock-trace"] = {"guardrail": self._trace(found)}
        return fields

    def _trace(self, found: list[Evaluation]) -> JsonObject:
        trace: JsonObject = {"actionReason": _reason(found)}
        for evaluation in self.inputs:
            trace["input"] = {self.guardrail.id: evaluation.assessment}
        if self.outputs:
            trace["outputs"] = [{self.guardrail.id: e.assessment} for e in self.outputs]
        return trace


def _reason(found: list[Evaluation]) -> str:
    # "Guardrail blocked." is recorded; the other two are [?].
    if any(e.blocked for e in found):
        return "Guardrail blocked."
    return "Guardrail masked." if any(e.intervened for e in found) else "No action."
