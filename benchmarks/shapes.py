"""What a request asks of the upstream: how late, whether streamed, how many events how far apart.

It stands in the model's name, which every gateway passes on as it is: `bench-{latency_us}-{events}-{gap_us}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MODEL = re.compile(rb"bench-([0-9]+)-([0-9]+)-([0-9]+)")
# Whoever serialises the request again may move the model behind a long prompt.
_LOOKED_AT_BYTES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """`latency_us` before the first byte; then `events` `gap_us` apart, or one piece where there are none."""

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
        """The shape in a request's body. Raises ValueError where there is none."""
        found = _MODEL.search(body, 0, _LOOKED_AT_BYTES) or _MODEL.search(
            body, max(0, len(body) - _LOOKED_AT_BYTES)
        )
        if found is None:
            raise ValueError("the request names no model of the benchmark's")
        latency_us, events, gap_us = (int(group) for group in found.groups())
        return cls(latency_us=latency_us, events=events, gap_us=gap_us)
