"""Sums of what was used: by client, by model or by day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from client_usage import item as usage_item
from gateway_cli.usage.table import ModelUsage

DAY = "day"
KEYS = ("client", "model", DAY)


@dataclass(slots=True)
class Sum:
    """The sum of each measure."""

    measures: dict[str, int] = field(default_factory=lambda: dict.fromkeys(usage_item.MEASURES, 0))

    def add(self, measures: dict[str, int]) -> None:
        for name, number in measures.items():
            self.measures[name] += number

    def __getitem__(self, measure: str) -> int:
        return self.measures[measure]

    @property
    def priced_requests(self) -> int:
        return self[usage_item.REQUESTS] - self[usage_item.UNPRICED_REQUESTS]

    @property
    def has_known_cost(self) -> bool:
        """Whether the cost of at least one request is known."""
        return self.priced_requests > 0 or self[usage_item.UNPRICED_REQUESTS] == 0

    @property
    def weight(self) -> tuple[int, int]:
        """What rows are sorted by: the cost, then the tokens."""
        return self[usage_item.COST], self[usage_item.PROMPT_TOKENS] + self[usage_item.COMPLETION_TOKENS]


def by(key: str, used: Iterable[ModelUsage]) -> dict[str, Sum]:
    """The sums by one of KEYS: the largest first, days in their order."""
    sums: dict[str, Sum] = {}
    for usage in used:
        sums.setdefault(getattr(usage, key), Sum()).add(usage.measures)
    rows = sorted(sums.items())
    if key != DAY:
        rows.sort(key=lambda row: row[1].weight, reverse=True)
    return dict(rows)


def total(sums: Iterable[Sum]) -> Sum:
    """The sum of all sums."""
    found = Sum()
    for sum_ in sums:
        found.add(sum_.measures)
    return found
