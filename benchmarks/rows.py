"""The rows of a comparison. Each row is one number of one function in one round. A smaller number is better."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks import converse_model, limited_client, named_model
from benchmarks.describe_functions import AUTHORIZER, CHAT, WORKER
from benchmarks.results import Results
from benchmarks.steps import JOBS
from benchmarks.targets import added_per_event_us
from benchmarks.variants import Variant
from benchmarks.warm import Series


@dataclass(frozen=True, slots=True)
class Row:
    """A number of the function with this role, printed with `digits` digits after the point.

    `measure` takes a round's results and a function's name. It returns None if the system does not provide the number, or
    if the function does not have what is measured.
    """

    role: str
    name: str
    digits: int
    measure: Callable[[Results, str], float | None]


def _cold(role: str) -> Iterator[Row]:
    yield Row(role, "cold start to /next, ms", 1, lambda results, name: results.cold[name].shipped.next_ms)
    yield Row(
        role, "cold start to first answer, ms", 1, lambda results, name: results.cold[name].shipped.answer_ms
    )


def _size(role: str) -> Row:
    return Row(role, "package, zipped, kB", 0, lambda results, name: results.sizes[name].zipped_bytes / 1000)


def _costs(role: str, of: str, series: Callable[[Results, str], Series]) -> Iterator[Row]:
    yield Row(role, f"{of}, CPU s per 1,000", 2, lambda results, name: series(results, name).cpu_s_per_1000)
    yield Row(role, f"{of}, peak MiB", 1, lambda results, name: series(results, name).peak_mib)


def _chat() -> Iterator[Row]:
    yield from _cold(CHAT)
    yield Row(CHAT, "1 kB, p50 ms", 2, lambda results, name: results.buffered[name].p50_ms)
    yield Row(CHAT, "1 kB, p90 ms", 2, lambda results, name: results.buffered[name].p90_ms)
    yield from _costs(CHAT, "1 kB", lambda results, name: results.buffered[name])
    yield Row(
        CHAT,
        "1 kB, client with limits, p50 ms",
        2,
        lambda results, name: _with(
            limited_client, results, name, lambda of, target: of.buffered[target].p50_ms
        ),
    )
    yield Row(CHAT, "4 MB, p50 ms", 1, lambda results, name: results.large[name].p50_ms)
    yield from _costs(CHAT, "4 MB", lambda results, name: results.large[name])
    yield Row(
        CHAT, "stream, first byte p50 ms", 2, lambda results, name: results.streamed[name].first_byte_p50_ms
    )
    yield Row(CHAT, "stream, whole p50 ms", 2, lambda results, name: results.streamed[name].p50_ms)
    yield from _costs(CHAT, "stream", lambda results, name: results.streamed[name])
    yield Row(
        CHAT,
        "4 MB stream, first byte p50 ms",
        1,
        lambda results, name: results.large_streamed[name].first_byte_p50_ms,
    )
    yield Row(CHAT, "added per streamed event, µs", 1, added_per_event_us)
    yield Row(CHAT, "streamed event, CPU µs", 1, _event_cpu_us)
    yield Row(CHAT, "paced event, p50 µs", 0, lambda results, name: results.paced[name].event_delay_us)
    yield from _converse()
    yield from _by_name()
    yield _size(CHAT)


def _converse() -> Iterator[Row]:
    """The rows of a model on the Converse route."""

    def row(of: str, digits: int, measure: Callable[[Results, str], float | None]) -> Row:
        return Row(
            CHAT,
            f"Converse, {of}",
            digits,
            lambda results, name: _with(converse_model, results, name, measure),
        )

    yield row("1 kB, p50 ms", 2, lambda results, name: results.buffered[name].p50_ms)
    yield row("1 kB, CPU s per 1,000", 2, lambda results, name: results.buffered[name].cpu_s_per_1000)
    yield row("stream, first byte p50 ms", 2, lambda results, name: results.streamed[name].first_byte_p50_ms)
    yield row("added per streamed event, µs", 1, added_per_event_us)
    yield row("streamed event, CPU µs", 1, _event_cpu_us)


def _by_name() -> Iterator[Row]:
    """The rows of a request by a model name."""

    def row(of: str, measure: Callable[[Results, str], float | None]) -> Row:
        return Row(
            CHAT,
            f"by model name, {of} p50 ms",
            3,
            lambda results, name: _with(named_model, results, name, measure),
        )

    yield row("1 kB,", lambda results, name: results.buffered[name].p50_ms)
    yield row("stream, first byte", lambda results, name: results.streamed[name].first_byte_p50_ms)
    yield row("stream, whole", lambda results, name: results.streamed[name].p50_ms)


def _with(
    variant: Variant, results: Results, name: str, measure: Callable[[Results, str], float | None]
) -> float | None:
    target = variant.name(name)
    return measure(results, target) if target in results.buffered else None


def _event_cpu_us(results: Results, name: str) -> float | None:
    of_streams = results.fast[name].cpu_s_per_1000
    return None if of_streams is None else of_streams / 1000 / results.fast_events * 1e6


def _authorizer() -> Iterator[Row]:
    yield from _cold(AUTHORIZER)
    yield _size(AUTHORIZER)


def _worker() -> Iterator[Row]:
    yield from _cold(WORKER)
    yield Row(WORKER, f"batch of {JOBS} jobs, p50 ms", 0, lambda results, name: results.workers[name].p50_ms)
    yield Row(WORKER, "CPU s per 1,000 jobs", 2, _jobs_cpu_s)
    yield Row(WORKER, "peak MiB", 1, lambda results, name: results.workers[name].peak_mib)
    yield _size(WORKER)


def _jobs_cpu_s(results: Results, name: str) -> float | None:
    of_batches = results.workers[name].cpu_s_per_1000
    return None if of_batches is None else of_batches / JOBS


ROWS = (*_chat(), *_authorizer(), *_worker())
