"""The run as text: what was measured of whom, and the verdicts. Markdown, so that docs can hold it as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.contenders import LITELLM
from benchmarks.results import Results
from benchmarks.targets import Verdict, added_per_event_us, events_per_s
from benchmarks.warm import Series


def render(results: Results, verdicts: Sequence[Verdict]) -> str:
    """All tables."""
    parts = [
        _machine(results),
        _section("Cold start, ms (with bytecode | without)", _cold(results)),
        _section("Buffered, 1 kB request", _latencies(results.buffered)),
        _section("Buffered, 4 MB request", _latencies(results.large)),
        _section("Buffered, 1 kB request, upstream takes 100 ms", _latencies(results.slow)),
        _section("Streamed, 1 kB request, 50 events", _first_bytes(results.streamed)),
        _section("Streamed, 4 MB request, 50 events", _first_bytes(results.large_streamed)),
        _section("Streamed events", _events(results)),
        _section("Deployment packages, zipped, kB (with bytecode | without)", _sizes(results)),
        _section("Jobs, one batch through one worker", _jobs(results)),
        _note(results),
        _section("Targets", _verdicts(verdicts)),
    ]
    return "\n".join(part for part in parts if part)


def _machine(results: Results) -> str:
    facts = {**results.machine, **results.versions}
    return f"{results.date}: " + ", ".join(f"{name} {value}" for name, value in facts.items()) + "\n"


def _note(results: Results) -> str:
    if LITELLM not in results.buffered:
        return ""
    return (
        f"The {LITELLM} is a server that is asked over HTTP; the functions are asked through the Runtime API, "
        "and their rows exclude API Gateway's own time.\n"
    )


def _section(title: str, rows: list[list[str]]) -> str:
    """Empty where there is nothing below the header."""
    if len(rows) < 2:
        return ""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(_padded(row, widths)) + " |" for row in rows]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([f"**{title}**", "", lines[0], rule, *lines[1:], ""])


def _padded(row: Iterable[str], widths: Sequence[int]) -> Iterable[str]:
    return (
        cell.ljust(width) if number == 0 else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(row, widths, strict=True))
    )


def _cold(results: Results) -> list[list[str]]:
    rows = [["", "to /next", "to the first answer", "to /next, no bytecode", "answer, no bytecode"]]
    for name, starts in results.cold.items():
        without = starts.sources_only
        rows.append(
            [
                name,
                _number(starts.shipped.next_ms, 0),
                _number(starts.shipped.answer_ms, 0),
                _number(without.next_ms if without else None, 0),
                _number(without.answer_ms if without else None, 0),
            ]
        )
    return rows


def _latencies(series: Mapping[str, Series]) -> list[list[str]]:
    rows = [["", "p50 ms", "p90 ms", "p99 ms", "CPU s per 1,000", "peak MiB"]]
    for name, one in series.items():
        latencies = [_number(value, 2) for value in (one.p50_ms, one.p90_ms, one.p99_ms)]
        rows.append([name, *latencies, _number(one.cpu_s_per_1000, 2), _number(one.peak_mib, 0)])
    return rows


def _first_bytes(series: Mapping[str, Series]) -> list[list[str]]:
    rows = [["", "first byte p50 ms", "whole p50 ms", "whole p99 ms", "CPU s per 1,000", "peak MiB"]]
    for name, one in series.items():
        latencies = [_number(value, 2) for value in (one.first_byte_p50_ms, one.p50_ms, one.p99_ms)]
        rows.append([name, *latencies, _number(one.cpu_s_per_1000, 2), _number(one.peak_mib, 0)])
    return rows


def _events(results: Results) -> list[list[str]]:
    rows = [["", "added per event µs", "events/s", "sent to arrived, paced, p50 µs"]]
    for name in results.fast:
        delay_us = results.paced[name].event_delay_us if name in results.paced else None
        added, rate = added_per_event_us(results, name), events_per_s(results, name)
        rows.append([name, _number(added, 1), f"{rate:,.0f}", _number(delay_us, 0)])
    return rows


def _sizes(results: Results) -> list[list[str]]:
    rows = [["", "with bytecode", "without"]]
    for name, size in results.sizes.items():
        rows.append(
            [name, _number(size.zipped_bytes / 1000, 0), _number(size.zipped_sources_bytes / 1000, 0)]
        )
    return rows


def _jobs(results: Results) -> list[list[str]]:
    rows = [["", "width", "upstream s", "took s", "jobs/s"]]
    for batch in results.batches:
        numbers = [str(batch.width), _number(batch.latency_s, 1), _number(batch.took_s, 2)]
        rows.append([f"{batch.jobs} jobs", *numbers, _number(batch.jobs_per_s, 1)])
    return rows


def _verdicts(verdicts: Sequence[Verdict]) -> list[list[str]]:
    rows = [["", "measured", "at most", "", "verdict"]]
    for verdict in verdicts:
        bound = f"at least {verdict.limit:,g}" if verdict.is_rate else f"{verdict.limit:g}"
        measured = f"{verdict.measured:,.0f}" if verdict.is_rate else f"{verdict.measured:.2f}"
        word = "reached" if verdict.is_reached else "MISSED"
        rows.append([verdict.name, measured, bound, verdict.unit, word])
    return rows


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"
