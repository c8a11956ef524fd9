"""The results and verdicts of a run as Markdown tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmarks import converse_model, limited_client
from benchmarks.contenders import LITELLM, OURS
from benchmarks.markdown import number, section
from benchmarks.results import Results
from benchmarks.targets import Verdict, added_per_event_us, events_per_s
from benchmarks.warm import Series


def render(results: Results, verdicts: Sequence[Verdict]) -> str:
    """All tables of the run."""
    parts = [
        _machine(results),
        section("Cold start, ms (with bytecode | without)", _cold(results)),
        section("Buffered, 1 kB request", _latencies(results.buffered)),
        section("Client with limits, 1 kB request", _limited(results)),
        section("Converse and the native route, 1 kB request", _converse(results)),
        section("Buffered, 4 MB request", _latencies(results.large)),
        section("Buffered, 1 kB request, upstream takes 100 ms", _latencies(results.slow)),
        section("Streamed, 1 kB request, 50 events", _first_bytes(results.streamed)),
        section("Streamed, 4 MB request, 50 events", _first_bytes(results.large_streamed)),
        section("Streamed events", _events(results)),
        section("Deployment packages, zipped, kB (with bytecode | without)", _sizes(results)),
        section("Jobs, one batch through one worker", _jobs(results)),
        _note(results),
        section("Targets", verdict_rows(verdicts)),
    ]
    return "\n".join(part for part in parts if part)


def _machine(results: Results) -> str:
    facts = {**results.machine, **results.versions}
    return f"{results.date}: " + ", ".join(f"{name} {value}" for name, value in facts.items()) + "\n"


def _note(results: Results) -> str:
    if LITELLM not in results.buffered:
        return ""
    return (
        f"The {LITELLM} is a server that is called over HTTP. The functions are called through the Runtime API, "
        "so their rows do not include API Gateway's own time.\n"
    )


def _cold(results: Results) -> list[list[str]]:
    rows = [["", "to /next", "to the first answer", "to /next, no bytecode", "answer, no bytecode"]]
    for name, starts in results.cold.items():
        without = starts.sources_only
        rows.append(
            [
                name,
                number(starts.shipped.next_ms, 0),
                number(starts.shipped.answer_ms, 0),
                number(without.next_ms if without else None, 0),
                number(without.answer_ms if without else None, 0),
            ]
        )
    return rows


def _latencies(series: Mapping[str, Series]) -> list[list[str]]:
    rows = [["", "p50 ms", "p90 ms", "p99 ms", "CPU s per 1,000", "peak MiB"]]
    for name, one in series.items():
        latencies = [number(value, 2) for value in (one.p50_ms, one.p90_ms, one.p99_ms)]
        rows.append([name, *latencies, number(one.cpu_s_per_1000, 2), number(one.peak_mib, 0)])
    return rows


def _limited(results: Results) -> list[list[str]]:
    rows = [["", "p50 ms", "without limits", "ratio"]]
    name = limited_client.name(OURS)
    if name in results.buffered:
        with_limits_ms, without_ms = results.buffered[name].p50_ms, results.buffered[OURS].p50_ms
        values = with_limits_ms, without_ms, with_limits_ms / without_ms
        rows.append([name, *(number(value, 2) for value in values)])
    return rows


def _converse(results: Results) -> list[list[str]]:
    rows = [["", "Converse", "native route", "ratio"]]
    name = converse_model.name(OURS)
    if not all(name in measured for measured in (results.buffered, results.streamed, results.fast)):
        return rows
    measures: dict[str, Callable[[str], float]] = {
        "1 kB, p50 ms": lambda target: results.buffered[target].p50_ms,
        "stream, first byte p50 ms": lambda target: results.streamed[target].first_byte_p50_ms,
        "added per streamed event, µs": lambda target: added_per_event_us(results, target),
    }
    for title, measure in measures.items():
        values = measure(name), measure(OURS), measure(name) / measure(OURS)
        rows.append([title, *(number(value, 2) for value in values)])
    return rows


def _first_bytes(series: Mapping[str, Series]) -> list[list[str]]:
    rows = [["", "first byte p50 ms", "whole p50 ms", "whole p99 ms", "CPU s per 1,000", "peak MiB"]]
    for name, one in series.items():
        latencies = [number(value, 2) for value in (one.first_byte_p50_ms, one.p50_ms, one.p99_ms)]
        rows.append([name, *latencies, number(one.cpu_s_per_1000, 2), number(one.peak_mib, 0)])
    return rows


def _events(results: Results) -> list[list[str]]:
    rows = [["", "added per event µs", "events/s", "sent to arrived, paced, p50 µs"]]
    for name in results.fast:
        delay_us = results.paced[name].event_delay_us if name in results.paced else None
        added, rate = added_per_event_us(results, name), events_per_s(results, name)
        rows.append([name, number(added, 1), f"{rate:,.0f}", number(delay_us, 0)])
    return rows


def _sizes(results: Results) -> list[list[str]]:
    rows = [["", "with bytecode", "without"]]
    for name, size in results.sizes.items():
        rows.append([name, number(size.zipped_bytes / 1000, 0), number(size.zipped_sources_bytes / 1000, 0)])
    return rows


def _jobs(results: Results) -> list[list[str]]:
    rows = [["", "width", "upstream s", "took s", "jobs/s"]]
    for batch in results.batches:
        numbers = [str(batch.width), number(batch.latency_s, 1), number(batch.took_s, 2)]
        rows.append([f"{batch.jobs} jobs", *numbers, number(batch.jobs_per_s, 1)])
    return rows


def verdict_rows(verdicts: Sequence[Verdict]) -> list[list[str]]:
    """The rows of a table of verdicts, with their header."""
    rows = [["", "measured", "at most", "", "verdict"]]
    for verdict in verdicts:
        bound = f"at least {verdict.limit:,g}" if verdict.is_rate else f"{verdict.limit:g}"
        measured = f"{verdict.measured:,.0f}" if verdict.is_rate else f"{verdict.measured:.2f}"
        word = "reached" if verdict.is_reached else "MISSED"
        rows.append([verdict.name, measured, bound, verdict.unit, word])
    return rows
