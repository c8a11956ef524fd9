"""The comparison: for each row the ratio of now to before, its spread, and whether the row is worse.

Each round measures both sides next to each other and gives one ratio per row. If the machine is slow for a while, both
sides are slow, and the ratio stays the same. The ratio of a row is the median over the rounds. Its spread is half of the
interquartile range: the middle half of the rounds' ratios lies in a range twice as wide as the spread.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.results import Results
from benchmarks.rows import ROWS, Row
from benchmarks.sides import BEFORE, NOW

# A smaller change is never reported, even if the row varies less.
TOLERANCE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A row over all rounds: the medians of both sides, the median of the ratios, and the spread of the ratios.

    `before`, `ratio` and `spread` are None for a new row: the earlier commit does not have what is measured.
    """

    row: Row
    before: float | None
    now: float
    ratio: float | None
    spread: float | None

    @property
    def is_worse(self) -> bool:
        if self.ratio is None or self.spread is None:
            return False
        return self.ratio > 1 + max(TOLERANCE, self.spread)


def compare(rounds: Sequence[Results]) -> list[Compared]:
    """All rows that the system can measure in at least two rounds."""
    found = (_compared(row, _values(row, rounds)) for row in ROWS)
    return [one for one in found if one is not None]


def _values(row: Row, rounds: Sequence[Results]) -> list[tuple[float | None, float | None]]:
    """The row's values (before, now) in each round."""
    return [
        (row.measure(results, f"{row.role} {BEFORE}"), row.measure(results, f"{row.role} {NOW}"))
        for results in rounds
    ]


def _compared(row: Row, values: Sequence[tuple[float | None, float | None]]) -> Compared | None:
    """The row; None if fewer than two rounds have values.

    Rounds are left out if the system does not provide a value, or if a value is a time difference that is not positive.
    """
    if all(before is None for before, _ in values):
        return _new(row, [now for _, now in values if now is not None])
    pairs = [(before, now) for before, now in values if before and now and min(before, now) > 0]
    if len(pairs) < 2:
        return None
    ratio, spread = ratio_and_spread(pairs)
    before, now = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Compared(row=row, before=before, now=now, ratio=ratio, spread=spread)


def _new(row: Row, values: Sequence[float]) -> Compared | None:
    if len(values) < 2:
        return None
    return Compared(row=row, before=None, now=statistics.median(values), ratio=None, spread=None)


def ratio_and_spread(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The median of now / before over the pairs (before, now), and half of the interquartile range of these ratios."""
    ratios = [now / before for before, now in pairs]
    lower, middle, upper = statistics.quantiles(ratios, n=4, method="inclusive")
    return middle, (upper - lower) / 2
