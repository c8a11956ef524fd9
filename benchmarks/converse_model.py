"""A chat function that is asked for a model on the Converse route.

Each answer is checked: its status, its text and its finish reason. So the measured time is never that of an error or of a
part of an answer. The upstream refuses such a model on the native route, as Bedrock does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from benchmarks import exchanges
from benchmarks.events import chat_body
from benchmarks.exchanges import PRELUDE_END, FunctionTarget, Timing
from benchmarks.functions import Function
from benchmarks.shapes import CONVERSE_FAMILY, MODEL_PREFIX, TEXT, WORD, Shape
from benchmarks.stage import Stage
from benchmarks.warm import KILOBYTE

_STOP = "stop"
_DATA, _EVENT_END, _DONE = b"data: ", b"\n\n", b"data: [DONE]\n\n"


class ConverseTarget:
    """The function, asked for a Claude model instead of the model in each request's body."""

    def __init__(self, function: FunctionTarget) -> None:
        self.name, self.pid = name(function.name), function.pid
        self._function = function

    def ask(self, body: bytes) -> Timing:
        """Sends the request and reads the whole answer. Raises AssertionError if it is not the expected completion."""
        timing, answer = self._function.exchange(_for_converse(body))
        shape = Shape.asked_for(body)
        status, words, finish = _read(answer, streams=shape.streams)
        if (status, finish) != (200, _STOP) or not _is_whole(words, shape):
            raise AssertionError(
                f"{self.name} answered with the status {status}, {len(words)} characters and the finish reason {finish}"
            )
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
        try:
            running.ask(chat_body(Shape(), KILOBYTE))
        except AssertionError:
            return False
    return True


@lru_cache(maxsize=4)
def _for_converse(body: bytes) -> bytes:
    """The body with a Claude model of the same shape."""
    return body.replace(b'"' + MODEL_PREFIX, b'"' + CONVERSE_FAMILY + MODEL_PREFIX, 1)


def _read(answer: bytes, *, streams: bool) -> tuple[int, str, str | None]:
    """The status, text and finish reason of an answer with its prelude."""
    prelude, _, body = answer.partition(PRELUDE_END)
    choices = [
        choice for document in _documents(body, streams=streams) for choice in document.get("choices", ())
    ]
    said = [choice.get("delta") or choice.get("message") or {} for choice in choices]
    finishes = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    text = "".join(part.get("content") or "" for part in said)
    return json.loads(prelude)["statusCode"], text, finishes[0] if len(finishes) == 1 else None


def _documents(body: bytes, *, streams: bool) -> list[dict[str, Any]]:
    """The completion, or the chunks of a stream; none of a stream without its end."""
    if not streams:
        return [json.loads(body)]
    if not body.endswith(_DONE):
        return []
    events = body.removesuffix(_DONE).split(_EVENT_END)
    return [json.loads(event.removeprefix(_DATA)) for event in events if event.startswith(_DATA)]


def _is_whole(words: str, shape: Shape) -> bool:
    """Whether this is the text that the upstream sent. Each event of a paced stream has two marks around its time."""
    if shape.gap_us:
        return words.count("@") == 2 * shape.events
    return words == (WORD * shape.events if shape.streams else TEXT)
