"""The results and verdicts of a run as Markdown tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmarks import converse_model, limited_client, named_model
from benchmarks.contenders import LITELLM, OURS, PORTKEY
from benchmarks.markdown import number, section
from benchmarks.results import Results
from benchmarks.targets import Verdict, added_per_event_us, events_per_s
from benchmarks.warm import Series

_NO_REASON = "The reason is not known yet. As soon as it is, it belongs into benchmarks/known_misses.py."


def render(results: Results, verdicts: Sequence[Verdict]) -> str:
    """All tables of the run."""
    parts = [
        origin(results.date, results.machine, results.versions),
        section("Cold start, ms (with bytecode | without)", _cold(results)),
        section("Servers, one start", _servers(results)),
        section("Buffered, 1 kB request", _latencies(results.buffered)),
        section("Client with limits, 1 kB request", _limited(results)),
        section("Converse and the native route, 1 kB request", _converse(results)),
        section("By model name and by id, 1 kB request", _by_name(results)),
        section("Buffered, 4 MB request", _latencies(results.large)),
        section("Buffered, 1 kB request, upstream takes 100 ms", _latencies(results.slow)),
        section("Streamed, 1 kB request, 50 events", _first_bytes(results.streamed)),
        section("Streamed, 4 MB request, 50 events", _first_bytes(results.large_streamed)),
        section("Streamed events", _events(results)),
        section("Deployment packages, zipped, kB (with bytecode | without)", _sizes(results)),
        section("Jobs, one batch through one worker", _jobs(results)),
        section("Growth: the median of a request, by the size of its input", _growth(results)),
        _note(results),
        judged(verdicts),
    ]
    return "\n".join(part for part in parts if part)


def origin(date: str, machine: Mapping[str, str], versions: Mapping[str, str]) -> str:
    """The line about when and where a run was made."""
    facts = {**machine, **versions}
    return f"{date}: " + ", ".join(f"{name} {value}" for name, value in facts.items()) + "\n"


def _note(results: Results) -> str:
    if LITELLM not in results.buffered:
        return ""
    return (
        f"The {LITELLM} and the {PORTKEY} are servers that are called over HTTP. The functions are called through the "
        "Runtime API, so their rows do not include API Gateway's own time.\n"
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


def _servers(results: Results) -> list[list[str]]:
    rows = [["", "to the first answer, ms", "asks the upstream for"]]
    for name, start in results.servers.items():
        rows.append([name, number(start.answer_ms, 0), ", ".join(dict.fromkeys(start.asks))])
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
    measures: dict[str, Callable[[str], float]] = {
        "1 kB, p50 ms": lambda target: results.buffered[target].p50_ms,
        "stream, first byte p50 ms": lambda target: results.streamed[target].first_byte_p50_ms,
        "added per streamed event, µs": lambda target: added_per_event_us(results, target),
    }
    return _compared(results, converse_model.name(OURS), ["", "Converse", "native route", "ratio"], measures)


def _by_name(results: Results) -> list[list[str]]:
    measures: dict[str, Callable[[str], float]] = {
        "1 kB, p50 ms": lambda target: results.buffered[target].p50_ms,
        "stream, first byte p50 ms": lambda target: results.streamed[target].first_byte_p50_ms,
        "stream, whole p50 ms": lambda target: results.streamed[target].p50_ms,
    }
    return _compared(results, named_model.name(OURS), ["", "by name", "by id", "ratio"], measures)


def _compared(
    results: Results, name: str, header: list[str], measures: Mapping[str, Callable[[str], float]]
) -> list[list[str]]:
    """Each measure of the target with this name and of the plain function, and their ratio."""
    rows = [header]
    if not all(name in measured for measured in (results.buffered, results.streamed, results.fast)):
        return rows
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


def _growth(results: Results) -> list[list[str]]:
    rows = [["", "number", "request, bytes", "p50 ms", "CPU ms", "peak MiB"]]
    for curve in results.growth:
        for point in curve.points:
            costs = number(point.p50_ms, 2), number(point.cpu_ms, 2), number(point.peak_mib, 0)
            count, size = f"{point.count:,}", f"{point.body_bytes:,}"
            rows.append([f"{curve.input}, {curve.function}", count, size, *costs])
    return rows


def judged(verdicts: Sequence[Verdict]) -> str:
    """The table of verdicts, and why targets are missed."""
    return section("Targets", _verdicts(verdicts)) + "\n" + reasons(verdicts)


def reasons(verdicts: Sequence[Verdict]) -> str:
    """Why targets are missed, with the measured numbers."""
    missed = [verdict for verdict in verdicts if not verdict.is_reached]
    lines = [
        f"- MISSED: {verdict.name}: {verdict.measured:.3f} {verdict.unit} instead of {verdict.limit:g}. "
        f"{verdict.why or _NO_REASON}"
        for verdict in missed
    ]
    return "\n".join(["**Why targets are missed**", "", *lines, ""]) if missed else ""


def _verdicts(verdicts: Sequence[Verdict]) -> list[list[str]]:
    rows = [["", "measured", "at most", "", "verdict"]]
    for verdict in verdicts:
        bound = f"at least {verdict.limit:,g}" if verdict.is_rate else f"{verdict.limit:g}"
        measured = f"{verdict.measured:,.0f}" if verdict.is_rate else f"{verdict.measured:.2f}"
        word = "reached" if verdict.is_reached else "MISSED"
        rows.append([verdict.name, measured, bound, verdict.unit, word])
    return rows
