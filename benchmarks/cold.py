"""Cold starts: each a new process, which finds its first event waiting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import functions
from benchmarks.functions import Function
from benchmarks.managed_runtime import ManagedRuntime
from tests.runtime_api import RuntimeApiServer


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Milliseconds from starting the process to its first request for an event, and to its first answer."""

    next_ms: float
    answer_ms: float


def measure(
    starts: Sequence[tuple[Function, bytes]], runtime: ManagedRuntime, *, rounds: int
) -> list[ColdStart]:
    """For each function and its event the medians of `rounds`, taken in turns."""
    taken = [[_start(function, event, runtime) for function, event in starts] for _ in range(rounds)]
    return [
        ColdStart(median(start.next_ms for start in column), median(start.answer_ms for start in column))
        for column in zip(*taken, strict=True)
    ]


def _start(function: Function, event: bytes, runtime: ManagedRuntime) -> ColdStart:
    with RuntimeApiServer() as api:
        invocation = api.invoke(body=event)
        with functions.running(function, api, runtime) as running:
            answer = invocation.answer(30)
            if b"choices" not in answer.body and b"Allow" not in answer.body:
                raise AssertionError(
                    f"{function.name} answered {answer.body[:300]!r}: {running.process.stderr[:2000]}"
                )
            first = api.requests[0]
            return ColdStart(
                (first.began_s - running.spawned_s) * 1000, (answer.ended_s - running.spawned_s) * 1000
            )
