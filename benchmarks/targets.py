"""The gateway's performance targets, as ratios within one run, and their verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from benchmarks import converse_model, known_misses, named_model
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
from benchmarks.growth import curve
from benchmarks.growth.inputs import CLIENTS_NAME
from benchmarks.results import Results

_Key = TypeVar("_Key", int, str)
_IN_PROPORTION = "x in proportion"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One target: the measured value, and its limit: a maximum, or a minimum if `is_rate`."""

    name: str
    measured: float
    limit: float
    unit: str
    is_rate: bool = False

    @property
    def is_reached(self) -> bool:
        return self.measured >= self.limit if self.is_rate else self.measured <= self.limit

    @property
    def why(self) -> str:
        """Why the target is missed; empty if it is reached, or if nobody has found out yet."""
        return "" if self.is_reached else known_misses.REASONS.get((self.name, self.unit), "")

    def document(self) -> dict[str, Any]:
        """The verdict as JSON, with a rounded number."""
        return {
            "name": self.name,
            "measured": round(self.measured, 3),
            "limit": self.limit,
            "unit": self.unit,
            "reached": self.is_reached,
            **({"why": self.why} if self.why else {}),
        }


def verdicts(results: Results) -> list[Verdict]:
    """The verdicts on all targets for which the run measured both sides."""
    return [
        *_cold(results),
        *_warm(results),
        *_streams(results),
        *_converse(results),
        *_by_name(results),
        *_absolute(results),
        *_jobs(results),
        *_growth(results),
    ]


def _cold(results: Results) -> Iterator[Verdict]:
    cold = results.cold

    def next_ms(name: str) -> float:
        return cold[name].shipped.next_ms

    def answer_ms(name: str) -> float:
        return cold[name].shipped.answer_ms

    yield from ratio("cold start to /next", next_ms, OURS, BARE, 1.7)
    yield from ratio("cold start to /next", next_ms, OURS, FASTAPI, 0.40)
    yield from ratio("cold start to the first answer", answer_ms, OURS, FASTAPI, 0.50)
    yield from ratio(
        "authorizer's cold start to its first answer", answer_ms, AUTHORIZER, BOTO3_AUTHORIZER, 0.40
    )


def _warm(results: Results) -> Iterator[Verdict]:
    def p50_ms(name: str) -> float:
        return results.buffered[name].p50_ms

    def p99_ms(name: str) -> float:
        return results.buffered[name].p99_ms

    def large_ms(name: str) -> float:
        return results.large[name].p50_ms

    yield from ratio("warm, buffered, p50", p50_ms, OURS, BARE, 1.15)
    yield from ratio("warm, buffered, p99", p99_ms, OURS, BARE, 1.3)
    yield from ratio("warm, buffered, p50", p50_ms, OURS, FASTAPI, 0.5)
    yield from ratio("warm, buffered, p50", p50_ms, OURS, LITELLM, 0.2)
    yield from ratio("warm, buffered, p50", p50_ms, OURS, PORTKEY, 0.5)
    yield from ratio("4 MB request, p50", large_ms, OURS, BARE, 1.5)


def _streams(results: Results) -> Iterator[Verdict]:
    def first_byte_ms(name: str) -> float:
        return results.streamed[name].first_byte_p50_ms

    yield from ratio("first byte, streamed, p50", first_byte_ms, OURS, BARE_STREAMING, 1.15)
    if OURS in results.fast and DIRECT in results.fast:
        yield Verdict("added per streamed event", added_per_event_us(results, OURS), 12, "µs")
        yield Verdict("events from a fast upstream", events_per_s(results, OURS), 80_000, "/s", is_rate=True)


def _converse(results: Results) -> Iterator[Verdict]:
    name = converse_model.name(OURS)

    def p50_ms(name: str) -> float:
        return results.buffered[name].p50_ms

    yield from ratio("Converse, warm, buffered, p50", p50_ms, name, OURS, 1.3)
    yield from ratio("Converse, warm, buffered, p50", p50_ms, name, PORTKEY, 0.5)
    if name in results.fast and DIRECT in results.fast:
        yield Verdict("Converse, added per streamed event", added_per_event_us(results, name), 40, "µs")


def _by_name(results: Results) -> Iterator[Verdict]:
    def p50_ms(name: str) -> float:
        return results.buffered[name].p50_ms

    def first_byte_ms(name: str) -> float:
        return results.streamed[name].first_byte_p50_ms

    name = named_model.name(OURS)
    yield from ratio("by model name, warm, buffered, p50", p50_ms, name, OURS, 1.02)
    yield from ratio("by model name, first byte, streamed, p50", first_byte_ms, name, OURS, 1.05)


def _absolute(results: Results) -> Iterator[Verdict]:
    peak_mib = results.buffered[OURS].peak_mib
    if peak_mib is not None:
        yield Verdict("peak memory, chat function", peak_mib, 60, "MiB")
    yield Verdict("package of the chat function, zipped", results.sizes[OURS].zipped_bytes / 1e6, 2.0, "MB")


def _jobs(results: Results) -> Iterator[Verdict]:
    for batch in results.batches:
        if (batch.jobs, batch.latency_s, batch.width) == (100, 1.0, 100):
            yield Verdict("100 jobs of 1 s in one batch", batch.took_s, 1.5, "s")


def _growth(results: Results) -> Iterator[Verdict]:
    for one in results.growth:
        name = f"growth with {one.input}, {one.function}"
        if one.input == CLIENTS_NAME:
            first, last = one.points[0].count, one.points[-1].count
            yield Verdict(f"{name}: {last:,}", curve.rise(one.points), 1.1, f"x with {first}")
        else:
            yield Verdict(name, curve.steepening(one.points), 1.1, _IN_PROPORTION)


def ratio(
    name: str,
    measure: Callable[[_Key], float],
    ours: _Key,
    theirs: _Key,
    limit: float,
    unit: str | None = None,
) -> Iterator[Verdict]:
    """The verdict; nothing if one of the two was not measured."""
    try:
        yield Verdict(name, measure(ours) / measure(theirs), limit, unit or f"x {theirs}")
    except KeyError:
        return


def added_per_event_us(results: Results, name: str) -> float:
    """The time in µs that the function adds to each event of the fast stream."""
    added_ms = results.fast[name].p50_ms - results.fast[DIRECT].p50_ms
    return added_ms * 1000 / results.fast_events


def events_per_s(results: Results, name: str) -> float:
    """Events per second in the fast stream."""
    return results.fast_events / results.fast[name].p50_ms * 1000
