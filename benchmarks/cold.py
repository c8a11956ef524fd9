"""Measures cold starts. Each is a new process whose first event is waiting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import functions
from benchmarks.functions import Function, Running
from benchmarks.managed_runtime import ManagedRuntime
from tests.runtime_api import Invocation, Request, RuntimeApiServer

# Parts of the correct answers: a chat completion, an authorizer's policy, a batch without failures.
_GOOD_ANSWERS = (b"choices", b"Allow", b'"batchItemFailures": []')


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Milliseconds from the start of the process to its first request for an event, and to its first answer."""

    next_ms: float
    answer_ms: float


def measure(
    starts: Sequence[tuple[Function, bytes]], runtime: ManagedRuntime, *, rounds: int
) -> list[ColdStart]:
    """The medians of `rounds` cold starts of each function with its event. The functions take turns."""
    taken = [[_start(function, event, runtime) for function, event in starts] for _ in range(rounds)]
    return [
        ColdStart(median(start.next_ms for start in column), median(start.answer_ms for start in column))
        for column in zip(*taken, strict=True)
    ]


def _start(function: Function, event: bytes, runtime: ManagedRuntime) -> ColdStart:
    with RuntimeApiServer() as api:
        invocation = api.invoke(body=event)
        with functions.running(function, api, runtime) as running:
            answer = _answer(invocation, running)
            first = api.requests[0]
            return ColdStart(
                (first.began_s - running.spawned_s) * 1000, (answer.ended_s - running.spawned_s) * 1000
            )


def _answer(invocation: Invocation, running: Running) -> Request:
    try:
        answer = invocation.answer(30)
    except AssertionError as error:
        raise AssertionError(_described(running, str(error))) from None
    if not any(part in answer.body for part in _GOOD_ANSWERS):
        raise AssertionError(_described(running, f"answered {answer.body[:300]!r}"))
    return answer


def _described(running: Running, failure: str) -> str:
    return f"{running.function.name}: {failure} {running.process.stderr[:2000]}"
