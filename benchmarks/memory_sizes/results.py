"""The results of a run, by function and memory size, and their JSON."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from benchmarks import rounding
from benchmarks.cold import ColdStart
from benchmarks.warm import Series

Of = dict[str, dict[int, Series]]  # by the function's name and its memory size in MiB


class Peak(NamedTuple):
    """The peak resident memory of a function's process after one request of the largest size."""

    function: str
    request: str
    answer: str
    peak_mib: float


class LimitsPeak(NamedTuple):
    """The peak of the chat function with other limits, over the worst requests and answers within them."""

    limits: str
    peak_mib: float


@dataclass(slots=True, kw_only=True)
class Results:
    """The results of one run. `upstream_s` is how long the upstream itself takes for the stream of `fast_events` events."""

    date: str
    machine: dict[str, str]
    versions: dict[str, str]
    sizes_mib: list[int]
    fast_events: int
    upstream_s: float = 0.0
    cold: dict[str, dict[int, ColdStart]] = field(default_factory=dict)
    paced: Of = field(default_factory=dict)
    back_to_back: Of = field(default_factory=dict)
    streamed_paced: Of = field(default_factory=dict)
    streamed: Of = field(default_factory=dict)  # back to back
    fast: Of = field(default_factory=dict)  # back to back
    jobs_per_s: dict[int, float] = field(default_factory=dict)
    peaks: list[Peak] = field(default_factory=list)
    limits: list[LimitsPeak] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The JSON document, with rounded numbers."""
        fields = dataclasses.asdict(self)
        named = {
            "peaks": [peak._asdict() for peak in self.peaks],
            "limits": [peak._asdict() for peak in self.limits],
        }
        document: dict[str, Any] = rounding.rounded({**fields, **named})
        return document
