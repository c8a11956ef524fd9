"""Measures cold starts. Each is a new process that gets its first event as soon as it asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import functions
from benchmarks.functions import Function, Running
from benchmarks.managed_runtime import ManagedRuntime
from tests.runtime_api import Request, RuntimeApiServer

_PATIENCE_S = 60.0
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
    taken = [[start(function, event, runtime) for function, event in starts] for _ in range(rounds)]
    return [
        ColdStart(median(one.next_ms for one in column), median(one.answer_ms for one in column))
        for column in zip(*taken, strict=True)
    ]


def start(
    function: Function,
    event: bytes,
    runtime: ManagedRuntime,
    *,
    after_init: Callable[[int], None] = functions.go_on,
) -> ColdStart:
    """One cold start. `after_init` gets the process's id when the function waits for its first event; its time is left out.

    Raises AssertionError if the function does not start, or if its answer is not the expected one.
    """
    with RuntimeApiServer() as api, functions.running(function, api, runtime) as running:
        try:
            first = api.wait_for("GET /invocation/next", _PATIENCE_S)
            arrived_s = time.monotonic()
            after_init(running.process.pid)
            invoked_s = time.monotonic()
            answer = api.invoke(body=event).answer(_PATIENCE_S)
            _require_good(answer)
        except AssertionError as error:
            raise AssertionError(_described(running, str(error))) from None
        took_s = answer.ended_s - running.spawned_s - (invoked_s - arrived_s)
        return ColdStart((first.began_s - running.spawned_s) * 1000, took_s * 1000)


def _require_good(answer: Request) -> None:
    if not any(part in answer.body for part in _GOOD_ANSWERS):
        raise AssertionError(f"answered {answer.body[:300]!r}")


def _described(running: Running, failure: str) -> str:
    return f"{running.function.name}: {failure} {running.process.stderr[:2000]}"
