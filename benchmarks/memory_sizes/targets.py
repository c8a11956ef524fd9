"""The targets at the memory sizes that a deployment has, as ratios within one run where possible, and their verdicts."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.contenders import AUTHORIZER, BARE, BARE_STREAMING, FASTAPI, OURS
from benchmarks.memory_sizes import defaults, peaks, sizing
from benchmarks.memory_sizes.processor_share import FULL_MIB
from benchmarks.memory_sizes.results import Results
from benchmarks.targets import Verdict, ratio
from infra.settings import memory_sizes

# Of the function with a whole processor.
_SLOWER = 1.5
# By Little's law, a worker with 100 jobs in progress gets 100 answers a second, if an answer takes a second.
_JOBS_PER_S = 100


def verdicts(results: Results) -> list[Verdict]:
    """The verdicts on all targets for which the run has what they compare."""
    return [*_sizes(results), *_chat(results), *_streams(results), *_worker(results), *_memory(results)]


def _sizes(results: Results) -> Iterator[Verdict]:
    """Whether the default sizes are fast enough."""
    for name in (OURS, AUTHORIZER):
        size = defaults.BY_NAME[name]

        def p50_ms(size: int, name: str = name) -> float:
            return results.paced[name][size].p50_ms

        yield from ratio(
            f"{name} at {size} MB, paced, p50", p50_ms, size, FULL_MIB, _SLOWER, f"x {FULL_MIB} MB"
        )


def _chat(results: Results) -> Iterator[Verdict]:
    size = memory_sizes.CHAT_MIB
    at = f"at {size} MB"

    def paced_ms(name: str) -> float:
        return results.paced[name][size].p50_ms

    def p50_ms(name: str) -> float:
        return results.back_to_back[name][size].p50_ms

    def p99_ms(name: str) -> float:
        return results.back_to_back[name][size].p99_ms

    def answer_ms(name: str) -> float:
        return results.cold[name][size].answer_ms

    yield from ratio(f"{at}: back to back, p50", p50_ms, OURS, BARE, 1.25)
    yield from ratio(f"{at}: back to back, p99", p99_ms, OURS, BARE, 1.3)
    yield from ratio(f"{at}: paced, p50", paced_ms, OURS, FASTAPI, 0.6)
    yield from ratio(f"{at}: cold start to the first answer", answer_ms, OURS, FASTAPI, 0.25)


def _streams(results: Results) -> Iterator[Verdict]:
    size = memory_sizes.CHAT_MIB

    def first_byte_ms(name: str) -> float:
        return results.streamed_paced[name][size].first_byte_p50_ms

    yield from ratio(f"at {size} MB: paced, first byte, p50", first_byte_ms, OURS, BARE_STREAMING, 1.25)
    if size in results.fast.get(OURS, {}):
        yield Verdict(
            f"at {size} MB: added per streamed event", added_per_event_us(results, OURS, size), 25, "µs"
        )


def _worker(results: Results) -> Iterator[Verdict]:
    """The worker at the largest measured size that its default is not below."""
    sizes = [size for size in results.jobs_per_s if size <= memory_sizes.WORKER_MIB]
    if sizes:
        size = max(sizes)
        yield Verdict(f"worker at {size} MB", results.jobs_per_s[size], _JOBS_PER_S, "jobs/s", is_rate=True)


def _memory(results: Results) -> Iterator[Verdict]:
    """Whether each function's default holds its largest request and answer with a quarter to spare."""
    for name, peak in peaks.highest(results.peaks).items():
        size = defaults.BY_NAME[name]
        yield Verdict(f"peak memory, {name} of {size} MB", peak.peak_mib, size * sizing.SHARE, "MiB")


def added_per_event_us(results: Results, name: str, size: int) -> float:
    """The time in µs that the function adds to each event of the fast stream."""
    added_ms = results.fast[name][size].p50_ms - results.upstream_s * 1000
    return added_ms * 1000 / results.fast_events
