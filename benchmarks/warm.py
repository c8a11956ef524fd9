"""Measures warm requests. The targets take turns, so that other load on the machine affects all of them equally."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import process_costs
from benchmarks.events import chat_body
from benchmarks.exchanges import Target, Timing
from benchmarks.shapes import Shape

_SETTLE_S = 0.002
KILOBYTE, MEGABYTE = 1000, 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Many requests of one kind to one target. Latencies are in milliseconds.

    `cpu_s_per_1000` and `peak_mib` are None for a target without its own process. `event_delay_us` is the median time from
    sending to arrival of stamped events. The tenth percentiles are those of requests that no other program delayed.
    """

    p50_ms: float
    p90_ms: float
    p99_ms: float
    first_byte_p50_ms: float
    event_delay_us: float | None
    cpu_s_per_1000: float | None
    peak_mib: float | None
    p10_ms: float | None = None
    first_byte_p10_ms: float | None = None


def measure(
    targets: Sequence[Target],
    shape: Shape,
    *,
    size_bytes: int,
    rounds: int,
    warming_up: int,
) -> dict[str, Series]:
    """Sends `rounds` requests of about `size_bytes` to each target, in turns. Returns the series by the target's name.

    Before that, each target gets `warming_up` requests, which count only for the peak memory.
    """
    body = chat_body(shape, size_bytes)
    for target in targets:
        for _ in range(warming_up):
            target.ask(body)
    before = [process_costs.cpu_s(target.pid) for target in targets]
    taken = list(zip(*([_ask(target, body) for target in targets] for _ in range(rounds)), strict=True))
    return {
        target.name: series(target, timings, cpu_before)
        for target, timings, cpu_before in zip(targets, taken, before, strict=True)
    }


def _ask(target: Target, body: bytes) -> Timing:
    time.sleep(_SETTLE_S)  # lets the previous target finish its work
    return target.ask(body)


def series(target: Target, timings: Sequence[Timing], cpu_before: float | None) -> Series:
    """The series of these timings. `cpu_before`: the CPU time of the target's process before the first request."""
    totals = sorted(timing.total_s * 1000 for timing in timings)
    first_bytes = sorted(timing.first_byte_s * 1000 for timing in timings)
    delays = [delay for timing in timings for delay in timing.event_delays_s]
    cpu_after = process_costs.cpu_s(target.pid)
    spent = None if cpu_before is None or cpu_after is None else cpu_after - cpu_before
    return Series(
        p50_ms=_quantile(totals, 0.5),
        p90_ms=_quantile(totals, 0.9),
        p99_ms=_quantile(totals, 0.99),
        first_byte_p50_ms=statistics.median(first_bytes),
        event_delay_us=statistics.median(delays) * 1e6 if delays else None,
        cpu_s_per_1000=None if spent is None else spent / len(timings) * 1000,
        peak_mib=process_costs.peak_mib(target.pid),
        p10_ms=_quantile(totals, 0.1),
        first_byte_p10_ms=_quantile(first_bytes, 0.1),
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
