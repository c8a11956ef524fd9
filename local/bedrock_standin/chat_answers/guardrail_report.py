"""The guardrail's evaluations of one request, and the fields that report them in the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.bedrock_standin.guardrail.evaluation import Evaluation, GuardrailRef

JsonObject = dict[str, Any]


@dataclass(slots=True)
class GuardrailReport:
    """The evaluations of one request's input and output."""

    guardrail: GuardrailRef
    inputs: list[Evaluation] = field(default_factory=list)
    outputs: list[Evaluation] = field(default_factory=list)

    def fields(self) -> JsonObject:
        """The answer's top-level `amazon-bedrock-…` keys.

        [?] AWS documents them for InvokeModel only. Chat completions may omit them, most likely for "NONE".
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
