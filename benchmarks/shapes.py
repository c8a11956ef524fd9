"""The shape of the upstream's answer: the latency, the number of streamed events, and the gap between them.

The shape is in the model's name, which every gateway passes on unchanged: `bench-{latency_us}-{events}-{gap_us}`. On the
Converse route, the name begins with that of a family, and is in the request's path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MODEL_PREFIX = b"bench-"
# Of models that Bedrock serves on Converse only.
CONVERSE_FAMILY = b"eu.anthropic.claude-sonnet-4-5-"
# The text of an answer in one piece, and of each event that is not paced.
TEXT, WORD = "The capital of France is Paris. " * 16, " Paris"
_MODEL = re.compile(MODEL_PREFIX + rb"([0-9]+)-([0-9]+)-([0-9]+)")
# A gateway that serialises the request again may put the model after a long prompt.
_LOOKED_AT_BYTES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The first byte comes after `latency_us`. Then `events` events come `gap_us` apart. 0 events: the answer is buffered."""

    latency_us: int = 0
    events: int = 0
    gap_us: int = 0

    @property
    def streams(self) -> bool:
        return self.events > 0

    @property
    def model(self) -> str:
        return f"bench-{self.latency_us}-{self.events}-{self.gap_us}"

    @classmethod
    def asked_for(cls, body: bytes) -> Shape:
        """The shape in a request's body or path. Raises ValueError if there is none."""
        found = _MODEL.search(body, 0, _LOOKED_AT_BYTES) or _MODEL.search(
            body, max(0, len(body) - _LOOKED_AT_BYTES)
        )
        if found is None:
            raise ValueError("the request's model is not a model of the benchmark")
        latency_us, events, gap_us = (int(group) for group in found.groups())
        return cls(latency_us=latency_us, events=events, gap_us=gap_us)


FAST_EVENTS = 1000
WHOLE, SLOW = Shape(), Shape(latency_us=100_000)
STREAM, PACED, FAST = Shape(events=50), Shape(events=50, gap_us=2000), Shape(events=FAST_EVENTS)
SHAPES = (WHOLE, SLOW, STREAM, PACED, FAST)  # those that are measured


def is_of_converse(body: bytes) -> bool:
    """Whether a request's model is served on Converse only."""
    return CONVERSE_FAMILY in body[:_LOOKED_AT_BYTES]
