"""The two runs: the quick one of ours and the bare handlers, and the full one beside everything."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    cold,
    contenders,
    events,
    exchanges,
    installed_peers,
    jobs,
    litellm_proxy,
    machine,
    managed_runtime,
    upstream_process,
    warm,
)
from benchmarks.exchanges import HttpTarget, Target
from benchmarks.functions import Function
from benchmarks.installed_peers import Peers
from benchmarks.managed_runtime import ManagedRuntime
from benchmarks.results import Batch, ColdStarts, Results, Size
from benchmarks.shapes import Shape
from benchmarks.warm import KILOBYTE, MEGABYTE

_EVENTS = 50
_FAST_EVENTS = 1000
_STREAM = Shape(events=_EVENTS)
_PACED = Shape(events=_EVENTS, gap_us=2000)
_FAST = Shape(events=_FAST_EVENTS)
_SLOW = Shape(latency_us=100_000)
_LARGE_BYTES = 4 * MEGABYTE
_CHAT_PATH = "/openai/v1/chat/completions"
_JOBS = 100  # in one batch
_WIDTHS, _JOB_LATENCIES_S = (10, 30, 100), (0.2, 1.0, 2.0)
# infra.job_settings' own default, which the target is about.
_WIDTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """How often each thing is measured of everyone."""

    cold: int
    buffered: int
    large: int
    streamed: int
    paced: int
    fast: int
    slow: int = 0


QUICK = Rounds(cold=7, buffered=300, large=9, streamed=100, paced=5, fast=9)
FULL = Rounds(cold=9, buffered=500, large=11, streamed=150, paced=10, fast=11, slow=15)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a run takes place."""

    folder: Path
    upstream: str
    runtime: ManagedRuntime


def quick(say: Callable[[str], None]) -> Results:
    """Ours, the bare handlers, the authorizers, one batch of jobs: nothing to be installed."""
    with _stage() as stage:
        chat = contenders.quick(stage.folder, stage.upstream)
        authorizers = contenders.authorizers(stage.folder, stage.upstream)
        results = _results(chat + authorizers, {})
        _measure_cold(results, chat, authorizers, stage, QUICK, without_bytecode=False)
        say("cold starts measured")
        with _targets(chat, stage, None) as targets:
            _measure_warm(results, targets, QUICK, say)
        _measure_jobs(results, stage, widths=(_WIDTH,), latencies_s=(1.0,))
        say("jobs measured")
    return results


def full(peers: Peers, say: Callable[[str], None]) -> Results:
    """Everything."""
    with _stage() as stage:
        sample = contenders.fastapi_sample(stage.folder, stage.upstream, peers.fastapi)
        chat = [*contenders.quick(stage.folder, stage.upstream), sample]
        authorizers = contenders.authorizers(stage.folder, stage.upstream)
        results = _results(chat + authorizers, installed_peers.versions())
        _measure_cold(results, chat, authorizers, stage, FULL, without_bytecode=True)
        say("cold starts measured")
        with _targets(chat, stage, peers) as targets:
            _measure_warm(results, targets, FULL, say)
        _measure_jobs(results, stage, widths=_WIDTHS, latencies_s=_JOB_LATENCIES_S)
        say("jobs measured")
    return results


def _results(functions: Sequence[Function], versions: Mapping[str, str]) -> Results:
    return Results(
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        machine=machine.describe(),
        versions={**machine.versions(), **versions},
        fast_events=_FAST_EVENTS,
        sizes={
            function.name: Size(function.package.zipped_bytes, function.package.zipped_sources_bytes)
            for function in functions
        },
    )


@contextmanager
def _stage() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, upstream_process.running() as upstream:
        yield Stage(Path(folder), upstream, managed_runtime.make(Path(folder)))


def _measure_cold(
    results: Results,
    chat: Sequence[Function],
    authorizers: Sequence[Function],
    stage: Stage,
    rounds: Rounds,
    *,
    without_bytecode: bool,
) -> None:
    chat_event = events.chat_event(events.chat_body(Shape(), KILOBYTE))
    shipped = [
        *((function, chat_event) for function in chat),
        *((function, events.authorizer_event()) for function in authorizers),
    ]
    sources = (
        [(function.without_bytecode(), event) for function, event in shipped] if without_bytecode else []
    )
    starts = cold.measure([*shipped, *sources], stage.runtime, rounds=rounds.cold)
    for number, (function, _) in enumerate(shipped):
        results.cold[function.name] = ColdStarts(
            shipped=starts[number], sources_only=starts[number + len(shipped)] if without_bytecode else None
        )


@contextmanager
def _targets(chat: Sequence[Function], stage: Stage, peers: Peers | None) -> Iterator[dict[str, Target]]:
    """All that can be asked, by name."""
    with ExitStack() as stack:
        targets: list[Target] = [
            HttpTarget(contenders.DIRECT, stage.upstream, path=_CHAT_PATH, key="none"),
            *(stack.enter_context(exchanges.function_target(function, stage.runtime)) for function in chat),
        ]
        if peers is not None:
            targets.append(
                stack.enter_context(litellm_proxy.running(peers.litellm, stage.upstream, stage.folder))
            )
        yield {target.name: target for target in targets}


def _measure_warm(
    results: Results, targets: Mapping[str, Target], rounds: Rounds, say: Callable[[str], None]
) -> None:
    buffered = [target for name, target in targets.items() if name != contenders.BARE_STREAMING]
    streaming = [
        target for name, target in targets.items() if name not in (contenders.BARE, contenders.FASTAPI)
    ]
    # In this order: peak memory only grows.
    results.buffered = warm.measure(buffered, Shape(), size_bytes=KILOBYTE, rounds=rounds.buffered)
    say("buffered requests measured")
    results.streamed = warm.measure(streaming, _STREAM, size_bytes=KILOBYTE, rounds=rounds.streamed)
    results.paced = warm.measure(streaming, _PACED, size_bytes=KILOBYTE, rounds=rounds.paced)
    results.fast = warm.measure(streaming, _FAST, size_bytes=KILOBYTE, rounds=rounds.fast)
    say("streams measured")
    if rounds.slow:
        results.slow = warm.measure(buffered, _SLOW, size_bytes=KILOBYTE, rounds=rounds.slow)
    results.large = warm.measure(buffered, Shape(), size_bytes=_LARGE_BYTES, rounds=rounds.large)
    results.large_streamed = warm.measure(streaming, _STREAM, size_bytes=_LARGE_BYTES, rounds=rounds.large)
    say("large requests measured")


def _measure_jobs(
    results: Results, stage: Stage, *, widths: Sequence[int], latencies_s: Sequence[float]
) -> None:
    for width in widths:
        worker = contenders.worker(stage.folder, stage.upstream, width=width)
        for latency_s in latencies_s:
            took_s = jobs.batch_s(worker, stage.runtime, jobs=_JOBS, latency_s=latency_s)
            results.batches.append(Batch(width=width, jobs=_JOBS, latency_s=latency_s, took_s=took_s))
