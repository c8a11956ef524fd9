"""The body of ApplyGuardrail's answer, without I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.bedrock_standin.guardrail.evaluation import Evaluation

JsonObject = dict[str, Any]

_UNITS = (
    "topicPolicyUnits",
    "contentPolicyUnits",
    "wordPolicyUnits",
    "sensitiveInformationPolicyUnits",
    "sensitiveInformationPolicyFreeUnits",
    "contextualGroundingPolicyUnits",
)


def body_of(found: Evaluation, texts: list[str]) -> JsonObject:
    """The body. `outputs` is empty unless the guardrail intervened."""
    metrics = found.assessment.get("invocationMetrics", {})
    characters = sum(map(len, texts))
    return {
        "usage": dict.fromkeys(_UNITS, 0) | metrics.get("usage", {}),
        "action": "GUARDRAIL_INTERVENED" if found.intervened else "NONE",
        "actionReason": _reason(found),
        "outputs": [{"text": text} for text in found.texts] if found.intervened else [],
        "assessments": [found.assessment],
        "guardrailCoverage": {"textCharacters": {"guarded": characters, "total": characters}},
    }


def _reason(found: Evaluation) -> str:
    if found.blocked:
        return "Guardrail blocked."
    return "Guardrail masked." if found.intervened else "No action."
