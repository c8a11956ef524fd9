"""Measures each function at each memory size: cold starts, warm requests at two paces, streams, and jobs."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import NamedTuple

from benchmarks import contenders, events, jobs
from benchmarks.cold import ColdStart
from benchmarks.events import chat_body
from benchmarks.exchanges import HttpTarget, Target
from benchmarks.functions import Function
from benchmarks.memory_sizes import paces
from benchmarks.memory_sizes.paces import Asked
from benchmarks.memory_sizes.results import Of, Results
from benchmarks.memory_sizes.sized import Sizes
from benchmarks.shapes import FAST, STREAM, WHOLE, Shape
from benchmarks.stage import Stage
from benchmarks.steps import CHAT_PATH, JOBS
from benchmarks.warm import KILOBYTE, Series

_STREAMING = (contenders.OURS, contenders.BARE_STREAMING)
Running = dict[tuple[str, int], Target]


class Rounds(NamedTuple):
    """How often each thing is measured of each function at each size. A slow function has `most_s` for requests."""

    cold: int
    paced: int
    streamed_paced: int
    back_to_back: int
    streamed: int
    fast: int
    batches: int
    most_s: float
    warming_up: int = 5


class Contenders(NamedTuple):
    """The measured functions. Of the authorizer, only cold starts and paced requests are measured."""

    chat: Sequence[Function]
    authorizer: Function
    worker: Function


def measure_cold(results: Results, measured: Contenders, sizes: Sizes, rounds: int) -> None:
    """Cold starts to the first answer. Functions and sizes take turns."""
    chat_event = events.chat_event(chat_body(WHOLE, KILOBYTE))
    starts = [
        *((function, chat_event) for function in measured.chat),
        (measured.authorizer, events.authorizer_event()),
        (measured.worker, jobs.batch_event(chat_body(WHOLE, KILOBYTE), 1)),
    ]
    places = [(function, event, size) for function, event in starts for size in results.sizes_mib]
    taken = [[sizes.cold_start(*place) for place in places] for _ in range(rounds)]
    for (function, _, size), column in zip(places, zip(*taken, strict=True), strict=True):
        results.cold.setdefault(function.name, {})[size] = ColdStart(
            statistics.median(one.next_ms for one in column),
            statistics.median(one.answer_ms for one in column),
        )


def measure_warm(
    results: Results,
    measured: Contenders,
    sizes: Sizes,
    stage: Stage,
    rounds: Rounds,
    say: Callable[[str], None],
) -> None:
    """Whole and streamed answers, at both paces. All processes run at once, and never two are asked at the same time."""
    with ExitStack() as stack:
        chat: Running = {
            (function.name, size): stack.enter_context(sizes.chat(function, size))
            for function in measured.chat
            for size in results.sizes_mib
        }
        authorizer: Running = {
            (measured.authorizer.name, size): stack.enter_context(
                sizes.other(measured.authorizer, size, good=b"Allow")
            )
            for size in results.sizes_mib
        }
        whole = {key: target for key, target in chat.items() if key[0] != contenders.BARE_STREAMING}
        streaming = {key: target for key, target in chat.items() if key[0] in _STREAMING}
        say("functions started")
        asked = [*_asked(whole, _body(WHOLE)), *_asked(authorizer, events.authorizer_event())]
        paced = paces.one_a_second(asked, rounds=rounds.paced, warming_up=rounds.warming_up)
        results.paced = _by_size({**whole, **authorizer}, paced)
        streamed = _asked(streaming, _body(STREAM))
        results.streamed_paced = _by_size(
            streaming,
            paces.one_a_second(streamed, rounds=rounds.streamed_paced, warming_up=rounds.warming_up),
        )
        say("paced requests measured")
        results.back_to_back = _back_to_back(whole, WHOLE, rounds.back_to_back, rounds)
        say("requests back to back measured")
        results.streamed = _back_to_back(streaming, STREAM, rounds.streamed, rounds)
        results.fast = _back_to_back(streaming, FAST, rounds.fast, rounds)
        results.upstream_s = _upstream_s(stage, rounds)
        say("streams measured")


def measure_jobs(results: Results, measured: Contenders, sizes: Sizes, rounds: int) -> None:
    """Jobs a second in a batch of 100 whose answers come at once, so that the processor is the only limit."""
    for size in results.sizes_mib:
        with sizes.worker(measured.worker, size, batch_size=JOBS) as worker:
            took = statistics.median(worker.ask(_body(WHOLE)).total_s for _ in range(rounds))
        results.jobs_per_s[size] = JOBS / took


def _upstream_s(stage: Stage, rounds: Rounds) -> float:
    """How long the upstream takes for the stream of the most events."""
    with closing(HttpTarget(contenders.DIRECT, stage.upstream, path=CHAT_PATH, key="none")) as direct:
        [series] = paces.back_to_back(
            [Asked(direct, _body(FAST))], requests=rounds.fast, most_s=rounds.most_s, warming_up=1
        )
    return series.p50_ms / 1000


def _back_to_back(running: Running, shape: Shape, requests: int, rounds: Rounds) -> Of:
    taken = paces.back_to_back(
        _asked(running, _body(shape)), requests=requests, most_s=rounds.most_s, warming_up=rounds.warming_up
    )
    return _by_size(running, taken)


def _asked(running: Running, body: bytes) -> list[Asked]:
    return [Asked(target, body) for target in running.values()]


def _by_size(running: Mapping[tuple[str, int], Target], taken: Sequence[Series]) -> Of:
    found: Of = {}
    for (name, size), series in zip(running, taken, strict=True):
        found.setdefault(name, {})[size] = series
    return found


def _body(shape: Shape) -> bytes:
    return chat_body(shape, KILOBYTE)
