"""The results of one run, and their JSON."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from benchmarks import rounding
from benchmarks.cold import ColdStart
from benchmarks.growth.curve import Curve
from benchmarks.server_peers import ServerStart
from benchmarks.warm import Series


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStarts:
    """The cold starts of one function, with the shipped bytecode and without bytecode."""

    shipped: ColdStart
    sources_only: ColdStart | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """The zipped size of one deployment package."""

    zipped_bytes: int
    zipped_sources_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The time of one batch of jobs in one worker, and its CPU time, if the system provides it."""

    width: int
    jobs: int
    latency_s: float
    took_s: float
    cpu_s: float | None = None

    @property
    def jobs_per_s(self) -> float:
        return self.jobs / self.took_s


@dataclass(slots=True, kw_only=True)
class Results:
    """The results by the targets' names. `fast` streams `fast_events` events as fast as possible."""

    date: str
    machine: dict[str, str]
    versions: dict[str, str]
    fast_events: int
    cold: dict[str, ColdStarts] = field(default_factory=dict)
    servers: dict[str, ServerStart] = field(default_factory=dict)
    buffered: dict[str, Series] = field(default_factory=dict)
    large: dict[str, Series] = field(default_factory=dict)  # requests of 4 MB
    streamed: dict[str, Series] = field(default_factory=dict)
    large_streamed: dict[str, Series] = field(default_factory=dict)
    paced: dict[str, Series] = field(default_factory=dict)
    fast: dict[str, Series] = field(default_factory=dict)
    slow: dict[str, Series] = field(default_factory=dict)  # buffered, from a slow upstream
    workers: dict[str, Series] = field(default_factory=dict)  # a batch of jobs as the request
    sizes: dict[str, Size] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    growth: list[Curve] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The JSON document, with rounded numbers."""
        rounded = rounding.rounded(dataclasses.asdict(self))
        assert isinstance(rounded, dict)  # noqa: S101 - of a dict
        return rounded
