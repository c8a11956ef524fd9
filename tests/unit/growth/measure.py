"""Measures how the time of a call grows with the size of its input."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chat_gateway.core.errors import GatewayError
from tests import depth
from tests.unit.growth.hostile import Kinds

# What the product lets in: a request, an answer, an event of a stream, an error's body or an answer's head.
REQUEST_BYTES, ANSWER_BYTES, EVENT_BYTES, HEAD_BYTES = 4 * 2**20, 8 * 2**20, 2**20, 2**16

_LEAST_S = 0.02
# Most cases need no more time to show that they are linear.
_QUICK_S = 0.004
_FACTOR = 8
_SMALLEST_BYTES = 64
_RUNS = 5
# Any refusal is an answer: our own errors, and those that readers of HTTP and JSON raise.
REFUSALS = (GatewayError, ValueError, ConnectionError)


@dataclass(frozen=True)
class Case:
    """A call to measure: `read` gets the result of `make` for a size, which is at most `max_bytes` in the product."""

    name: str
    max_bytes: int
    make: Callable[[int], Any]
    read: Callable[[Any], object]

    def run(self, size: int) -> float:
        """The processor time of one call, in seconds, without the making of its input and the garbage collector."""
        argument = self.make(size)
        _forget()
        gc.disable()
        try:
            begin = time.process_time()
            with suppress(*REFUSALS):
                self.read(argument)
            return time.process_time() - begin
        finally:
            gc.enable()


def cases(name: str, max_bytes: int, kinds: Kinds, read: Callable[[Any], object]) -> Iterator[Case]:
    """The same call with each kind of input."""
    for kind, make in kinds.items():
        yield Case(f"{name}, {kind}", max_bytes, make, read)


def _forget() -> None:
    """Empties every cache of the product, or a repeated run would measure the cache."""
    modules = [module for name, module in sys.modules.items() if name.startswith("chat_gateway")]
    for value in [value for module in modules for value in vars(module).values()]:
        clear = getattr(value, "cache_clear", None)
        if clear is not None:
            clear()


def growth(case: Case, enough: float) -> float | None:
    """How many times longer the call takes for eight times the bytes; None if it cannot take 20 ms.

    Unless the run is deep, a smaller input counts if it already gives less than `enough`.
    """
    if not depth.IS_DEEP:
        ratio = _growth_from(_QUICK_S, case, enough)
        if ratio is None or ratio < enough:
            return ratio
    return _growth_from(_LEAST_S, case, enough)


def _growth_from(least_s: float, case: Case, enough: float) -> float | None:
    """The growth from the input for which the call takes that long; None if it cannot take that long.

    No input is larger than the product accepts: more bytes than the processor's cache holds take longer each. Both times are
    the lowest of five, unless the first times already give less than `enough`.
    """
    size, small_s = _small_run(case, least_s)
    if small_s < least_s:
        return None
    if size * _FACTOR > case.max_bytes:
        size = case.max_bytes // _FACTOR
        small_s = case.run(size)
    large_s = case.run(size * _FACTOR)
    for _ in range(_RUNS - 1):
        if large_s < enough * small_s:
            break
        small_s = min(small_s, case.run(size))
        large_s = min(large_s, case.run(size * _FACTOR))
    return large_s / small_s


def _small_run(case: Case, least_s: float) -> tuple[int, float]:
    """The first of the doubling sizes at which the call takes that long, or the largest size; and its time."""
    size = _SMALLEST_BYTES
    while (seconds := case.run(size)) < least_s and size < case.max_bytes:
        size = min(size * 2, case.max_bytes)
    return size, seconds
