"""Evaluating texts with a guardrail: which one, what it found, and the interface of whoever evaluates."""

from __future__ import annotations

from dataclasses import dataclass
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
