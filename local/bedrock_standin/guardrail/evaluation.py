"""The evaluation of texts with a guardrail: the reference, the result, and the evaluator's interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

JsonObject = dict[str, Any]
Source = Literal["INPUT", "OUTPUT"]


@dataclass(frozen=True, slots=True)
class GuardrailRef:
    """The guardrail in a request. `traced` means that the caller asked for the assessments."""

    identifier: str  # an id or an ARN
    version: str
    traced: bool = False

    @property
    def id(self) -> str:
        """The id without the ARN, as in the trace."""
        return self.identifier.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A guardrail's result for some texts.

    If blocked, `texts` has only the guardrail's configured message. Else it has each text, masked or unchanged.
    """

    intervened: bool
    blocked: bool
    texts: list[str]
    assessment: JsonObject


class GuardrailEvaluator(Protocol):
    """An evaluator of texts."""

    async def evaluate(self, guardrail: GuardrailRef, source: Source, texts: list[str]) -> Evaluation:
        """Evaluates the texts. Raises RefusalError: 400 for an unknown guardrail, 500 if the evaluation fails."""
