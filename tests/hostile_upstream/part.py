"""Which calls of a function get the hostile answer."""

from __future__ import annotations

from enum import Enum


class Part(Enum):
    """The part that a scenario is about; all others are honest."""

    BEDROCK = "Bedrock's chat completions"
    CONVERSE = "Converse"
    INPUT_CHECK = "ApplyGuardrail's check of a request with tools"
    OUTPUT_CHECK = "ApplyGuardrail's check of an answer with a tool call"
    DYNAMODB = "every call of DynamoDB"
    RESERVATION = "what a client with limits reserves"
    SETTLEMENT = "what is counted and recorded after the answer"

    @property
    def has_limits(self) -> bool:
        """Whether the request is that of a client with limits."""
        return self in (Part.RESERVATION, Part.SETTLEMENT)

    @property
    def is_of_model(self) -> bool:
        """Whether the model's answer is hostile."""
        return self in (Part.BEDROCK, Part.CONVERSE)

    @property
    def uses_converse(self) -> bool:
        """Whether the request is for a model that Converse serves."""
        return self is Part.CONVERSE or self.checked is not None

    @property
    def checked(self) -> str | None:
        """The source of the texts that ApplyGuardrail is asked about, in its own words; None for other parts."""
        return {Part.INPUT_CHECK: "INPUT", Part.OUTPUT_CHECK: "OUTPUT"}.get(self)
