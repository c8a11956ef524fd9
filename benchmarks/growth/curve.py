"""How a cost grows with an input: the measured points, and whether they stay in proportion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# A difference below this share of the smaller cost is noise.
_NOISE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The cost of a request at one size of the input: medians, in milliseconds. `body_bytes` is the size of its body.

    `cpu_ms` is None if the system does not provide it. `peak_mib` is the process's peak memory so far.
    """

    count: int
    body_bytes: int
    p50_ms: float
    cpu_ms: float | None
    peak_mib: float | None

    @property
    def cost_ms(self) -> float:
        """The CPU time, which other load on the machine does not change; else the latency."""
        return self.p50_ms if self.cpu_ms is None else self.cpu_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The points of one function with one input, in the order of the input's size."""

    input: str
    function: str
    points: list[Point]


def steepening(points: Sequence[Point]) -> float:
    """The cost of a further byte between the two largest sizes, divided by that between the two before.

    1.0 is growth in proportion; a quadratic cost is about as steep as the sizes differ. A fixed cost cancels out.
    """
    first, second, third = points[-3:]
    return _per_byte(second, third) / _per_byte(first, second, least_ms=first.cost_ms * _NOISE)


def rise(points: Sequence[Point]) -> float:
    """The cost at the largest size, divided by that at the smallest. 1.0 is no growth at all."""
    return points[-1].cost_ms / points[0].cost_ms


def _per_byte(smaller: Point, larger: Point, *, least_ms: float = 0.0) -> float:
    added_ms = max(least_ms, larger.cost_ms - smaller.cost_ms)
    return added_ms / (larger.body_bytes - smaller.body_bytes)
