"""Checks a function's answer: its status, its text, its finish reason and, if it is known, its model.

So the measured time is never that of an error or of a part of an answer.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from benchmarks.events import chat_body
from benchmarks.exchanges import PRELUDE_END, Target
from benchmarks.shapes import TEXT, WORD, Shape
from benchmarks.warm import KILOBYTE

_STOP = "stop"
_DATA, _EVENT_END, _DONE = b"data: ", b"\n\n", b"data: [DONE]\n\n"


class _Answer(NamedTuple):
    status: int
    text: str
    finish: str | None
    models: set[str]


def require_whole(target: str, answer: bytes, shape: Shape, *, model: str | None = None) -> None:
    """Raises AssertionError unless the answer, with its prelude, is the whole completion of `shape`, by `model`."""
    said = _read(answer, streams=shape.streams)
    is_models = model is None or said.models == {model}
    if (said.status, said.finish) != (200, _STOP) or not _is_whole(said.text, shape) or not is_models:
        raise AssertionError(
            f"{target} answered with the status {said.status}, {len(said.text)} characters, the finish reason "
            f"{said.finish} and the models {said.models}"
        )


def is_passed(target: Target) -> bool:
    """Whether the target, which checks its answers, gives the right one."""
    try:
        target.ask(chat_body(Shape(), KILOBYTE))
    except AssertionError:
        return False
    return True


def _read(answer: bytes, *, streams: bool) -> _Answer:
    prelude, _, body = answer.partition(PRELUDE_END)
    documents = _documents(body, streams=streams)
    choices = [choice for document in documents for choice in document.get("choices", ())]
    parts = [choice.get("delta") or choice.get("message") or {} for choice in choices]
    finishes = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    return _Answer(
        status=json.loads(prelude)["statusCode"],
        text="".join(part.get("content") or "" for part in parts),
        finish=finishes[0] if len(finishes) == 1 else None,
        models={document.get("model", "") for document in documents},
    )


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
