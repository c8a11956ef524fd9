"""Measures requests whose body grows."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks import process_costs
from benchmarks.exchanges import Target
from benchmarks.growth.curve import Curve, Point
from benchmarks.growth.inputs import INPUTS, Input

_SETTLE_S = 0.002
_WARMING_UP = 3

Sample = tuple[float, float | None]  # milliseconds of latency and of CPU time


def measure(targets: Sequence[Target], *, rounds: int) -> list[Curve]:
    """The curves of each target with each input. In each round, each size is asked for once."""
    return [_curve(target, grows, rounds) for grows in INPUTS for target in targets]


def _curve(target: Target, grows: Input, rounds: int) -> Curve:
    bodies = [grows.body(count) for count in grows.counts]
    for body in bodies * _WARMING_UP:
        target.ask(body)
    asks = [partial(_latency_s, target, body) for body in bodies]
    taken = [[sample(target.pid, ask) for ask in asks] for _ in range(rounds)]
    columns = zip(grows.counts, bodies, zip(*taken, strict=True), strict=True)
    points = [point(count, len(body), samples, target.pid) for count, body, samples in columns]
    return Curve(input=grows.name, function=target.name, points=points)


def _latency_s(target: Target, body: bytes) -> float:
    time.sleep(_SETTLE_S)
    return target.ask(body).total_s


def sample(pid: int | None, ask: Callable[[], float]) -> Sample:
    """One request by `ask`, which returns its seconds. The function must be idle before and after it."""
    took_s, cpu_s = process_costs.asked(pid, ask)
    return took_s * 1000, None if cpu_s is None else cpu_s * 1000


def point(count: int, body_bytes: int, samples: Sequence[Sample], pid: int | None) -> Point:
    """The medians of the samples."""
    cpu_ms = [cpu for _, cpu in samples if cpu is not None]
    return Point(
        count=count,
        body_bytes=body_bytes,
        p50_ms=statistics.median(latency for latency, _ in samples),
        cpu_ms=statistics.median(cpu_ms) if cpu_ms else None,
        peak_mib=process_costs.peak_mib(pid),
    )
