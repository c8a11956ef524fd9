"""Measures functions that more and more clients ask: the authorizer by their keys, the chat function under their limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from benchmarks import events, exchanges, functions, limited_client
from benchmarks.events import chat_body
from benchmarks.functions import Function, Running
from benchmarks.growth.curve import Curve
from benchmarks.growth.inputs import CLIENTS, CLIENTS_NAME
from benchmarks.growth.requests import point, sample
from benchmarks.shapes import WHOLE
from benchmarks.stage import Stage
from benchmarks.warm import KILOBYTE
from tests.runtime_api import RuntimeApiServer

_PATIENCE_S = 60.0
_BODY = chat_body(WHOLE, KILOBYTE)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A function that clients ask: the event of the client with a number, and a part of each right answer."""

    function: Function
    event: Callable[[int], bytes]
    expected: bytes


def measure(
    authorizer: Function, chat: Function, stage: Stage, *, rounds: int, counts: Sequence[int] = CLIENTS
) -> list[Curve]:
    """The curves of both functions. For each count, so many different clients have asked a process of its own.

    In each round, each process is asked once by one of its clients.
    """
    asked = (
        _Asked(authorizer, lambda number: events.authorizer_event(key=f"bcg-{number:043}"), b'"Allow"'),
        _Asked(chat, _chat_event, b"choices"),
    )
    return [_curve(one, stage, rounds, counts) for one in asked]


def _chat_event(number: int) -> bytes:
    return events.chat_event(_BODY, limited_client.POLICY, client=f"team-{number}")


def _curve(asked: _Asked, stage: Stage, rounds: int, counts: Sequence[int]) -> Curve:
    with ExitStack() as stack:
        processes = [stack.enter_context(_known_by(count, asked, stage)) for count in counts]
        taken = [
            [
                sample(running.process.pid, partial(_ask, running, asked, number * count // rounds))
                for running, count in zip(processes, counts, strict=True)
            ]
            for number in range(rounds)
        ]
        columns = zip(counts, processes, zip(*taken, strict=True), strict=True)
        size_bytes = len(asked.event(0))
        points = [
            point(count, size_bytes, samples, running.process.pid) for count, running, samples in columns
        ]
    return Curve(input=CLIENTS_NAME, function=asked.function.name, points=points)


@contextmanager
def _known_by(count: int, asked: _Asked, stage: Stage) -> Iterator[Running]:
    """Runs the function during the block. So many clients have asked it once."""
    with RuntimeApiServer() as api, functions.running(asked.function, api, stage.runtime) as running:
        exchanges.wait_until_idle(api)
        for number in range(count):
            _ask(running, asked, number)
        yield running


def _ask(running: Running, asked: _Asked, number: int) -> float:
    """Seconds from the event of this client to the end of the answer. Raises AssertionError for a wrong answer."""
    began_s, answer = exchanges.answered(running.api, asked.event(number), within_s=_PATIENCE_S)
    if asked.expected not in answer.body:
        raise AssertionError(f"{running.function.name} answered {answer.body[:300]!r}")
    return answer.ended_s - began_s
