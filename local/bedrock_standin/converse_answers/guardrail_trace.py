"""The guardrail's evaluations of one request, and their trace in the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.bedrock_standin.guardrail.evaluation import Evaluation, GuardrailRef

JsonObject = dict[str, Any]


@dataclass(slots=True)
class GuardrailTrace:
    """The evaluations of the input and the output. `model_output` has the texts that the output's evaluation got."""

    guardrail: GuardrailRef
    inputs: list[Evaluation] = field(default_factory=list)
    outputs: list[Evaluation] = field(default_factory=list)
    model_output: list[str] = field(default_factory=list)

    def trace(self) -> JsonObject | None:
        """The answer's `trace`; None unless the request asks for it. It has the matched text, as AWS's has."""
        if not self.guardrail.traced:
            return None
        found: JsonObject = {"actionReason": self._reason()}
        for evaluation in self.inputs:
            found["inputAssessment"] = {self.guardrail.id: self._assessment(evaluation)}
        if self.outputs:
            found["outputAssessments"] = {self.guardrail.id: [self._assessment(e) for e in self.outputs]}
            found["modelOutput"] = self.model_output
        return {"guardrail": found}

    def _assessment(self, evaluation: Evaluation) -> JsonObject:
        return evaluation.assessment | {"appliedGuardrailDetails": applied_guardrail(self.guardrail)}

    def _reason(self) -> str:
        # [?] Only "Guardrail blocked." is recorded.
        evaluations = self.inputs + self.outputs
        if any(e.blocked for e in evaluations):
            return "Guardrail blocked."
        return "Guardrail masked." if any(e.intervened for e in evaluations) else "No action."


def applied_guardrail(guardrail: GuardrailRef) -> JsonObject:
    """`appliedGuardrailDetails` of an assessment: the request named this guardrail."""
    return {
        "guardrailId": guardrail.id,
        "guardrailVersion": guardrail.version,
        "guardrailOrigin": ["REQUEST"],
        "guardrailOwnership": "SELF",
    }
