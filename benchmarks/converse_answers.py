"""The upstream's answers to Converse and ConverseStream, as long as those of chat completions.

The frames are made in advance, all but the sending time of a paced one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from zlib import crc32

from benchmarks.shapes import TEXT, WORD, Shape
from local.bedrock_standin.converse_answers import frames

CONTENT_TYPE = frames.EVENT_STREAM.encode()
_USAGE = {"inputTokens": 23, "outputTokens": 112, "totalTokens": 135}
_METRICS = {"latencyMs": 1}
COMPLETION = json.dumps(
    {
        "metrics": _METRICS,
        "output": {"message": {"content": [{"text": TEXT}], "role": "assistant"}},
        "stopReason": "end_turn",
        "usage": _USAGE,
    }
).encode()
# Of ApplyGuardrail.
NOTHING_FOUND = json.dumps({"action": "NONE", "outputs": [], "assessments": [], "usage": {}}).encode()
# Bedrock's is of a random length. With this one, a frame is about as long as an event of chat completions.
_PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"


def is_asked_for(request_line: bytes) -> bool:
    """Whether a request is one to Converse or ConverseStream."""
    return request_line.startswith(b"POST /model/")


def is_a_check(request_line: bytes) -> bool:
    """Whether a request is one to ApplyGuardrail."""
    return request_line.startswith(b"POST /guardrail/")


def events(shape: Shape) -> Iterator[Callable[[], bytes]]:
    """Functions that make the frames of a stream. Each is called when its frame is due."""
    yield lambda: _START
    for _ in range(shape.events):
        yield _stamped if shape.gap_us else lambda: _WORD
    for frame in _END:
        yield lambda frame=frame: frame  # type: ignore[misc]


def _delta(text: str) -> bytes:
    return _frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})


def _frame(name: str, payload: dict[str, Any]) -> bytes:
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return frames.frame(headers, json.dumps({**payload, "p": _PADDING}, separators=(",", ":")).encode())


def _stamped() -> bytes:
    message = b"%b%020d%b" % (_BEFORE_TIME, time.monotonic_ns(), _AFTER_TIME)
    return message + crc32(message).to_bytes(_CHECKSUM_BYTES, "big")


_START = _frame("messageStart", {"role": "assistant"})
_WORD = _delta(WORD)
# Only the time and the checksum of a paced frame are made when it is due, because that is measured.
_CHECKSUM_BYTES, _NO_TIME = 4, "0" * 20
_BEFORE_TIME, _AFTER_TIME = _delta(f" @{_NO_TIME}@")[:-_CHECKSUM_BYTES].split(_NO_TIME.encode())
_END = (
    _frame("contentBlockStop", {"contentBlockIndex": 0}),
    _frame("messageStop", {"stopReason": "end_turn"}),
    _frame("metadata", {"usage": _USAGE, "metrics": _METRICS}),
)
