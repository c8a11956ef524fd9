"""Results of runs that were never made."""

from __future__ import annotations

from benchmarks import converse_model, limited_client, named_model
from benchmarks.cold import ColdStart
from benchmarks.contenders import (
    AUTHORIZER,
    BARE,
    BARE_STREAMING,
    BOTO3_AUTHORIZER,
    DIRECT,
    FASTAPI,
    LITELLM,
    OURS,
    PORTKEY,
)
from benchmarks.growth.curve import Curve, Point
from benchmarks.growth.inputs import CLIENTS_NAME
from benchmarks.results import Batch, ColdStarts, Results, Size
from benchmarks.warm import Series

_FUNCTIONS = (BARE, BARE_STREAMING, OURS, AUTHORIZER, BOTO3_AUTHORIZER)
_VARIANTS = tuple(variant.name(OURS) for variant in (limited_client, converse_model, named_model))


def a_quick_run(*, ours: float) -> Results:
    """A quick run in which each number of ours is that many times each other number."""
    return _results((*_FUNCTIONS, *_VARIANTS, DIRECT), ours)


def a_full_run() -> Results:
    """A full run in which all numbers are the same."""
    results = _results((*_FUNCTIONS, *_VARIANTS, DIRECT, FASTAPI, LITELLM, PORTKEY), 1.0)
    results.cold[FASTAPI] = results.cold[OURS]
    points = [
        Point(count=count, body_bytes=count, p50_ms=1, cpu_ms=count, peak_mib=None) for count in (1, 2, 3)
    ]
    results.growth = [Curve(input=grows, function=OURS, points=points) for grows in ("tools", CLIENTS_NAME)]
    return results


def _results(targets: tuple[str, ...], ours: float) -> Results:
    def factor(name: str) -> float:
        return ours if name.startswith("our") else 1.0

    every = {name: _series(factor(name)) for name in targets}
    starts = {name: ColdStarts(shipped=ColdStart(factor(name), factor(name))) for name in _FUNCTIONS}
    return Results(
        date="2026-11-28",
        machine={},
        versions={},
        fast_events=1000,
        cold=starts,
        buffered=every,
        large=every,
        streamed=every,
        fast=every,
        sizes={name: Size(int(1000 * factor(name)), 1) for name in _FUNCTIONS},
        batches=[Batch(width=100, jobs=100, latency_s=1.0, took_s=1.1, cpu_s=0.1 * ours)],
    )


def _series(value: float) -> Series:
    return Series(
        p50_ms=value,
        p90_ms=value,
        p99_ms=value,
        first_byte_p50_ms=value,
        event_delay_us=None,
        cpu_s_per_1000=value,
        peak_mib=value,
        p10_ms=value,
        first_byte_p10_ms=value,
    )
