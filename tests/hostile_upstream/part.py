"""Which calls of a function get the hostile answer."""

from __future__ import annotations

from enum import Enum


class Part(Enum):
    """The part that a scenario is about; all others are honest."""

    BEDROCK = "Bedrock"
    DYNAMODB = "every call of DynamoDB"
    RESERVATION = "what a client with limits reserves"
    SETTLEMENT = "what is counted and recorded after the answer"

    @property
    def has_limits(self) -> bool:
        """Whether the request is that of a client with limits."""
        return self in (Part.RESERVATION, Part.SETTLEMENT)
