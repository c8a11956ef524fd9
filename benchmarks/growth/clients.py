"""Measures functions that more and more clients ask: the authorizer by their keys, the chat function under their limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from benchmarks import events, exchanges, functions, limited_client
from benchmarks.events import chat_body
from benchmarks.functions import Function, Running
from benchmarks.growth.curve import Curve, Point
from benchmarks.growth.inputs import CLIENTS, CLIENTS_NAME
from benchmarks.growth.requests import point, sample
from benchmarks.shapes import WHOLE
from benchmarks.stage import Stage
from benchmarks.warm import KILOBYTE
from tests.runtime_api import RuntimeApiServer

_PATIENCE_S = 60.0
_BODY = chat_body(WHOLE, KILOBYTE)


def measure(
    authorizer: Function, chat: Function, stage: Stage, *, samples: int, counts: Sequence[int] = CLIENTS
) -> list[Curve]:
    """The curves of both functions. At each count, that many different clients have asked the same process."""

    def chat_event(number: int) -> bytes:
        return events.chat_event(_BODY, limited_client.POLICY, client=f"team-{number}")

    def authorizer_event(number: int) -> bytes:
        return events.authorizer_event(key=f"bcg-{number:043}")

    return [
        _curve(authorizer, authorizer_event, b'"Allow"', stage, samples, counts),
        _curve(chat, chat_event, b"choices", stage, samples, counts),
    ]


def _curve(
    function: Function,
    event: Callable[[int], bytes],
    expected: bytes,
    stage: Stage,
    samples: int,
    counts: Sequence[int],
) -> Curve:
    with RuntimeApiServer() as api, functions.running(function, api, stage.runtime) as running:
        exchanges.wait_until_idle(api)
        known, points = 0, list[Point]()
        for count in counts:
            for number in range(known, count):
                _ask(running, event(number), expected)
            known = count
            # Of the known clients, evenly from the first to the last.
            asks = [
                partial(_ask, running, event(number * count // samples), expected)
                for number in range(samples)
            ]
            taken = [sample(running.process.pid, ask) for ask in asks]
            points.append(point(count, len(event(0)), taken, running.process.pid))
    return Curve(input=CLIENTS_NAME, function=function.name, points=points)


def _ask(running: Running, event: bytes, expected: bytes) -> float:
    """Seconds from the event to the end of the answer. Raises AssertionError for a wrong answer."""
    began_s, answer = exchanges.answered(running.api, event, within_s=_PATIENCE_S)
    if expected not in answer.body:
        raise AssertionError(f"{running.function.name} answered {answer.body[:300]!r}")
    return answer.ended_s - began_s
