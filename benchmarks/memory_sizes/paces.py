"""Two paces of requests: one a second, so that each finds a fresh quota, and back to back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks import process_costs, warm
from benchmarks.exchanges import Target, Timing
from benchmarks.warm import Series

_BETWEEN_S = 1.0
_BLOCKS = 5


class Asked(NamedTuple):
    """A target and the request that it gets."""

    target: Target
    body: bytes


def one_a_second(asked: Sequence[Asked], *, rounds: int, warming_up: int) -> list[Series]:
    """Asks each target once a second, and never two at the same time. Returns a series for each.

    With slow targets, a round takes longer than a second.
    """
    before = _warmed(asked, warming_up)
    taken = zip(*(_round(asked) for _ in range(rounds)), strict=True)
    return [_series(*one) for one in zip(asked, taken, before, strict=True)]


def back_to_back(asked: Sequence[Asked], *, requests: int, most_s: float, warming_up: int) -> list[Series]:
    """Asks each target without a pause. Returns a series for each.

    Targets take turns in blocks of requests. A slow target gets fewer requests: those that fit into about `most_s`.
    """
    before = _warmed(asked, warming_up)
    taken: list[list[Timing]] = [[] for _ in asked]
    for _ in range(_BLOCKS):
        for one, timings in zip(asked, taken, strict=True):
            timings += _block(one, requests // _BLOCKS, most_s / _BLOCKS)
    return [_series(*one) for one in zip(asked, taken, before, strict=True)]


def _warmed(asked: Sequence[Asked], warming_up: int) -> list[float | None]:
    """Sends the first requests, which do not count. Returns the CPU time of each target so far."""
    for one in asked:
        for _ in range(warming_up):
            one.target.ask(one.body)
    return [process_costs.cpu_s(one.target.pid) for one in asked]


def _round(asked: Sequence[Asked]) -> list[Timing]:
    """One request to each target. The requests are spread over a second."""
    began_s = time.monotonic()
    timings = []
    for number, (target, body) in enumerate(asked):
        _sleep_until(began_s + number * _BETWEEN_S / len(asked))
        timings.append(target.ask(body))
    _sleep_until(began_s + _BETWEEN_S)
    return timings


def _sleep_until(due_s: float) -> None:
    time.sleep(max(0.0, due_s - time.monotonic()))


def _block(asked: Asked, requests: int, most_s: float) -> list[Timing]:
    """At most `requests` requests, and at least one."""
    ends_s = time.monotonic() + most_s
    timings = [asked.target.ask(asked.body)]
    while len(timings) < requests and time.monotonic() < ends_s:
        timings.append(asked.target.ask(asked.body))
    return timings


def _series(asked: Asked, timings: Sequence[Timing], cpu_before: float | None) -> Series:
    return warm.series(asked.target, timings, cpu_before)
