"""The results and verdicts of a run as Markdown tables: a row for each function, a column for each memory size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from benchmarks.contenders import WORKER
from benchmarks.markdown import number, section
from benchmarks.memory_sizes import defaults, peaks, sizing, targets
from benchmarks.memory_sizes.results import Of, Results
from benchmarks.table import judged, origin
from benchmarks.targets import Verdict

_Value = TypeVar("_Value")
# At the other sizes, slow functions get too few requests.
_P99_SIZES_MIB = (256, 384, 512, 1769)
_NOTE = """\
Paced: one request a second, so that each finds a fresh quota. Back to back: without a pause, so that requests use up the quota.
Memory is that of the function's process. On Lambda, `Max Memory Used` also has the runtime's own processes. What a function
needs is the cheapest multiple of 64 MiB of which the peak is at most three quarters.
"""


def render(results: Results, verdicts: Sequence[Verdict]) -> str:
    """All tables of the run."""
    cold = _by_size(results, results.cold, lambda one: one.answer_ms, 0)
    parts = [
        origin(results.date, results.machine, results.versions),
        section("Cold start to the first answer, ms", cold),
        section("Paced, p50 ms", _latencies(results, results.paced, lambda one: one.p50_ms)),
        section("Back to back, p50 ms", _latencies(results, results.back_to_back, lambda one: one.p50_ms)),
        section("Back to back, p99 ms", _p99(results)),
        section(
            "Stream, first byte, paced, p50 ms",
            _latencies(results, results.streamed_paced, lambda one: one.first_byte_p50_ms),
        ),
        section(
            "Stream, first byte, back to back, p50 ms",
            _latencies(results, results.streamed, lambda one: one.first_byte_p50_ms),
        ),
        section("Streamed events as fast as possible, added per event, µs", _added(results)),
        section("The same, CPU per event, µs", _event_cpu(results)),
        section("Batch of 100 jobs whose answers come at once, jobs a second", _jobs(results)),
        section("Peak memory", _peaks(results)),
        section("What each function needs", _needs(results)),
        section("What other limits of the chat function would need", _limits(results)),
        _NOTE,
        judged(verdicts),
    ]
    return "\n".join(part for part in parts if part)


def _by_size(
    results: Results,
    values: Mapping[str, Mapping[int, _Value]],
    measure: Callable[[_Value], float | None],
    digits: int,
    *,
    sizes: Sequence[int] | None = None,
) -> list[list[str]]:
    shown = results.sizes_mib if sizes is None else [size for size in sizes if size in results.sizes_mib]
    header = ["", *(f"{size} MB" for size in shown)]
    return [
        header,
        *(
            [name, *(number(measure(of_size[size]), digits) for size in shown)]
            for name, of_size in values.items()
        ),
    ]


def _latencies(results: Results, values: Of, measure: Callable[..., float | None]) -> list[list[str]]:
    return _by_size(results, values, measure, 2)


def _p99(results: Results) -> list[list[str]]:
    return _by_size(results, results.back_to_back, lambda one: one.p99_ms, 2, sizes=_P99_SIZES_MIB)


def _added(results: Results) -> list[list[str]]:
    values = {
        name: {size: targets.added_per_event_us(results, name, size) for size in of_size}
        for name, of_size in results.fast.items()
    }
    return _by_size(results, values, lambda value: value, 1)


def _event_cpu(results: Results) -> list[list[str]]:
    def cpu_us(one: object) -> float | None:
        of_streams: float | None = getattr(one, "cpu_s_per_1000", None)
        return None if of_streams is None else of_streams / 1000 / results.fast_events * 1e6

    return _by_size(results, results.fast, cpu_us, 1)


def _jobs(results: Results) -> list[list[str]]:
    return _by_size(results, {WORKER: results.jobs_per_s}, lambda value: value, 0)


def _peaks(results: Results) -> list[list[str]]:
    rows = [["", "request", "answer", "peak MiB"]]
    return rows + [
        [peak.function, peak.request, peak.answer, number(peak.peak_mib, 0)] for peak in results.peaks
    ]


def _needs(results: Results) -> list[list[str]]:
    rows = [["", "highest peak, MiB", "needs, MB", "default, MB"]]
    return rows + [
        [
            name,
            number(peak.peak_mib, 0),
            str(sizing.needed_mib(peak.peak_mib)),
            str(defaults.BY_NAME[name]),
        ]
        for name, peak in peaks.highest(results.peaks).items()
    ]


def _limits(results: Results) -> list[list[str]]:
    rows = [["", "peak MiB", "needs, MB"]]
    return rows + [
        [one.limits, number(one.peak_mib, 0), str(sizing.needed_mib(one.peak_mib))] for one in results.limits
    ]
