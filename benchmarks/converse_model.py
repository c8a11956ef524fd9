"""A chat function that is asked for a model on the Converse route.

The upstream refuses such a model on the native route, as Bedrock does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from benchmarks import answer_check, exchanges
from benchmarks.exchanges import FunctionTarget, Timing
from benchmarks.functions import Function
from benchmarks.shapes import CONVERSE_FAMILY, MODEL_PREFIX, Shape
from benchmarks.stage import Stage


class ConverseTarget:
    """The function, asked for a Claude model instead of the model in each request's body."""

    def __init__(self, function: FunctionTarget) -> None:
        self.name, self.pid = name(function.name), function.pid
        self._function = function

    def ask(self, body: bytes) -> Timing:
        """Sends the request and reads the whole answer. Raises AssertionError if it is not the expected completion."""
        timing, answer = self._function.exchange(_for_converse(body))
        answer_check.require_whole(self.name, answer, Shape.asked_for(body))
        return timing


def name(function: str) -> str:
    """The name of the target for the function with this name."""
    return f"{function}, Converse"


@contextmanager
def target(function: Function, stage: Stage) -> Iterator[ConverseTarget]:
    """Runs the function during the block, in a process of its own."""
    with exchanges.function_target(function, stage.runtime) as running:
        yield ConverseTarget(running)


def is_known(function: Function, stage: Stage) -> bool:
    """Whether the function has the Converse route. Functions of earlier commits ask for the model on the native route."""
    with target(function, stage) as running:
        return answer_check.is_passed(running)


@lru_cache(maxsize=4)
def _for_converse(body: bytes) -> bytes:
    """The body with a Claude model of the same shape."""
    return body.replace(b'"' + MODEL_PREFIX, b'"' + CONVERSE_FAMILY + MODEL_PREFIX, 1)
