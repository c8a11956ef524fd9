"""Measures the peak memory of each function with its largest requests and answers, each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from benchmarks import contenders, events, exchanges, functions, jobs, process_costs
from benchmarks.functions import Function
from benchmarks.memory_sizes import (
    large_requests,
    large_stores,
    large_upstream,
    other_functions,
    resource_events,
)
from benchmarks.memory_sizes.large_json import IMAGE, LISTS, OBJECTS, SMALL, TEXT, WIDE_TEXT
from benchmarks.memory_sizes.large_requests import (
    ANSWER_BYTES,
    CONVERSE,
    MESSAGE_BYTES,
    NATIVE,
    REQUEST_BYTES,
)
from benchmarks.memory_sizes.results import LimitsPeak, Peak, Results
from benchmarks.stage import Stage
from benchmarks.steps import JOBS, WIDTH
from tests.runtime_api import RuntimeApiServer

_MIB = 1024 * 1024
_PATIENCE_S = 120.0
# More than the longest text that a model writes: 128,000 tokens.
_LONGEST_TEXT_BYTES = 512 * 1024
_OTHER_ANSWERS_MIB = (2, 4, 8)
# What a process keeps of its heap makes the peak of the next worst request a little higher.
_WORST_REPEATS = 3
# How many answers a worker holds at once differs from run to run: the peak is from 600 to 1,400 MiB.
_WORST_PROCESSES = 3
_GOOD = (
    b'"chat.completion"',
    b"data: [DONE]",
    b"batchItemFailures",
    b'"policyDocument"',
    b'"object\\":',
    b"objects and lists",
)


class Case(NamedTuple):
    """A function, and the event that brings it to its peak. `request` and `answer` say what the event leads to.

    Each of `processes` processes gets the event `repeats` times, and the highest peak counts.
    """

    function: Function
    request: str
    answer: str
    event: bytes
    repeats: int = 1
    processes: int = 1


def measure(results: Results, stage: Stage, say: Callable[[str], None], *, is_quick: bool) -> None:
    """Adds the peaks of all functions, and of the chat function with other limits. A quick run measures one."""
    with large_upstream.running() as upstream:
        where = replace(stage, folder=stage.folder / "peaks", upstream=upstream)
        _, _, chat = contenders.quick(where.folder, upstream)
        if is_quick:
            _add(results, list(_chat(chat))[:1], where)
            return
        _add(results, _chat(chat), where)
        say("peak memory of the chat function measured")
        _add(results, _others(where), where)
        say("peak memory of the other functions measured")
        results.limits = list(_other_limits(chat, where))
        say("peak memory with other limits measured")


def _add(results: Results, cases: Iterable[Case], stage: Stage) -> None:
    for case in cases:
        peak_mib = max(_peak_mib(case, stage) for _ in range(case.processes))
        results.peaks.append(Peak(case.function.name, case.request, case.answer, peak_mib))


def _chat(chat: Function) -> Iterator[Case]:
    for route in (NATIVE, CONVERSE):
        for streams in (False, True):
            worst = _chat_case(chat, route, OBJECTS, OBJECTS, streams=streams)
            yield worst._replace(repeats=_WORST_REPEATS)
        for request in (TEXT, WIDE_TEXT, OBJECTS, IMAGE):
            yield _chat_case(chat, route, request, SMALL)
        yield _chat_case(chat, route, LISTS, SMALL)._replace(answer="an error")
        for answer in (TEXT, WIDE_TEXT, OBJECTS):
            yield _chat_case(chat, route, SMALL, answer)
        for answer in (TEXT, WIDE_TEXT, OBJECTS):
            yield _chat_case(chat, route, SMALL, answer, streams=True)


def _chat_case(chat: Function, route: str, request: str, answer: str, *, streams: bool = False) -> Case:
    body = large_requests.body(
        request, REQUEST_BYTES, answer=answer, answer_bytes=ANSWER_BYTES, route=route, streams=streams
    )
    said = "tool call" if streams and route == CONVERSE and answer == OBJECTS else answer
    return Case(
        chat, f"{route}: {request}", f"stream of {said}" if streams else said, events.chat_event(body)
    )


def _others(stage: Stage) -> Iterator[Case]:
    authorizer, _ = contenders.authorizers(stage.folder, stage.upstream)
    yield Case(authorizer, "a key", "a policy", events.authorizer_event())
    yield from _worker(contenders.worker(stage.folder, stage.upstream, width=WIDTH))
    found = other_functions.all_of(stage.folder, stage.upstream)
    resources, steps = found[other_functions.RESOURCES], found[other_functions.BATCH_STEPS]
    yield Case(resources, "lists", "an error", resource_events.worst_json())
    yield Case(resources, "a file of 4.4 MB", "its object", resource_events.file())
    yield Case(resources, "an upload of 512 MiB", "its object", resource_events.completed_upload())
    yield Case(steps, "check of lines of lists", "", resource_events.step(large_stores.VALIDATED))
    yield Case(steps, "files of answers of objects", "", resource_events.step(large_stores.WRITTEN))
    for name in (
        other_functions.JWT_AUTHORIZER,
        other_functions.PROVER,
        other_functions.BEFORE_TRAFFIC,
        other_functions.KEY_ROTATION,
    ):
        yield Case(found[name], "none", "", b"")


def _worker(worker: Function) -> Iterator[Case]:
    yield _batch(worker, JOBS, SMALL, 0, SMALL, 0)
    yield _batch(worker, JOBS, SMALL, 0, TEXT, _LONGEST_TEXT_BYTES)
    yield _batch(worker, JOBS, SMALL, 0, WIDE_TEXT, _LONGEST_TEXT_BYTES)
    for route in (NATIVE, CONVERSE):
        worst = _batch(worker, JOBS, SMALL, 0, TEXT, ANSWER_BYTES, route)
        yield worst._replace(processes=_WORST_PROCESSES)
    yield _batch(worker, 1, OBJECTS, MESSAGE_BYTES - 2000, OBJECTS, ANSWER_BYTES)


def _batch(
    worker: Function, count: int, request: str, size: int, answer: str, answer_bytes: int, route: str = NATIVE
) -> Case:
    body = large_requests.body(request, size, answer=answer, answer_bytes=answer_bytes, route=route)
    of_size = f"{answer} of {answer_bytes / _MIB:g} MiB" if answer_bytes else answer
    asked = f"{count} x {request}" if route == NATIVE else f"{route}: {count} x {request}"
    return Case(worker, asked, f"{count} x {of_size}", jobs.batch_event(body, count))


def _other_limits(chat: Function, stage: Stage) -> Iterator[LimitsPeak]:
    """The chat function with other limits of answers."""
    for answer_mib in _OTHER_ANSWERS_MIB:
        limited = replace(chat, env={**chat.env, "MAX_RESPONSE_BYTES": str(answer_mib * _MIB)})
        peaks = [_peak_mib(_limits_case(limited, route, answer_mib), stage) for route in (NATIVE, CONVERSE)]
        yield LimitsPeak(f"requests of 4 MiB, answers of {answer_mib} MiB", max(peaks))


def _limits_case(chat: Function, route: str, answer_mib: int) -> Case:
    """Objects take the most memory."""
    body = large_requests.body(
        OBJECTS, REQUEST_BYTES, answer=OBJECTS, answer_bytes=answer_mib * _MIB, route=route
    )
    return Case(chat, OBJECTS, OBJECTS, events.chat_event(body))


def _peak_mib(case: Case, stage: Stage) -> float:
    """The peak after the events, or after the initialisation if the event is empty. Raises AssertionError."""
    with RuntimeApiServer() as api, functions.running(case.function, api, stage.runtime) as running:
        exchanges.wait_until_idle(api)
        for _ in range(case.repeats if case.event else 0):
            _, answer = exchanges.answered(api, case.event, within_s=_PATIENCE_S)
            if not is_whole(answer.body):
                raise AssertionError(
                    f"{case.function.name}, {case.request}, {case.answer}: answered {answer.body[:300]!r}"
                )
        peak = process_costs.peak_mib(running.process.pid)
    assert peak is not None  # noqa: S101 - this is Linux
    return peak


def is_whole(answer: bytes) -> bool:
    """Whether a function's answer is the expected one. A stream that an error ends has taken less memory than the whole."""
    return any(good in answer for good in _GOOD)


def highest(peaks: Sequence[Peak]) -> dict[str, Peak]:
    """The highest peak of each function, by its name."""
    found: dict[str, Peak] = {}
    for peak in peaks:
        if peak.function not in found or peak.peak_mib > found[peak.function].peak_mib:
            found[peak.function] = peak
    return found
