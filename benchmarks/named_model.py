"""A chat function that is asked by a model name of its environment, with two targets of which the first one answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache

from benchmarks import answer_check, exchanges
from benchmarks.exchanges import FunctionTarget, Timing
from benchmarks.functions import Function
from benchmarks.shapes import MODEL_PREFIX, SHAPES, Shape
from benchmarks.stage import Stage

_PREFIX = b"name-of-"
_SECOND = "openai.gpt-oss-20b-1:0"


class NamedTarget:
    """The function, asked by a name instead of the model in each request's body."""

    def __init__(self, function: FunctionTarget) -> None:
        self.name, self.pid = name(function.name), function.pid
        self._function = function

    def ask(self, body: bytes) -> Timing:
        """Sends the request and reads the whole answer. Raises AssertionError if it is not the expected completion."""
        timing, answer = self._function.exchange(_by_name(body))
        shape = Shape.asked_for(body)
        answer_check.require_whole(self.name, answer, shape, model=_name_of(shape))
        return timing


def name(function: str) -> str:
    """The name of the target for the function with this name."""
    return f"{function}, by model name"


@contextmanager
def target(function: Function, stage: Stage) -> Iterator[NamedTarget]:
    """Runs the function during the block, in a process of its own, with a name for each shape."""
    names = {_name_of(shape): [[shape.model], [_SECOND]] for shape in SHAPES}
    env = {**function.env, "MODEL_NAMES": json.dumps(names)}
    with exchanges.function_target(replace(function, env=env), stage.runtime) as running:
        yield NamedTarget(running)


def is_known(function: Function, stage: Stage) -> bool:
    """Whether the function has model names. Functions of earlier commits pass the name on to the upstream."""
    with target(function, stage) as running:
        return answer_check.is_passed(running)


def _name_of(shape: Shape) -> str:
    return _PREFIX.decode() + shape.model


@lru_cache(maxsize=4)
def _by_name(body: bytes) -> bytes:
    """The body with the name of the model of the same shape."""
    return body.replace(b'"' + MODEL_PREFIX, b'"' + _PREFIX + MODEL_PREFIX, 1)
