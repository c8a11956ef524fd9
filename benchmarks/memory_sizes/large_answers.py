"""The largest answers: of each kind of JSON, whole and streamed, on both routes.

What a request asks for is in its model's name: `largest-{kind}-{size_bytes}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from benchmarks.memory_sizes import large_json
from local.bedrock_standin.converse_answers import frames

_MODEL = re.compile(r"largest-([a-z-]+)-([0-9]+)")
_AROUND_BYTES = 1000
# An event of a stream may have 1 MiB. On Converse, as many characters of a tool call's arguments as an answer in one piece may
# have bytes are held until they are checked.
_EVENT_BYTES, _EVENTS = 1024 * 1024, 30
_USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
_CONVERSE_USAGE = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}


class Wanted(NamedTuple):
    """A kind of JSON, and the largest size of the whole answer."""

    kind: str
    size_bytes: int


def model(kind: str, size_bytes: int) -> str:
    """The name of the model that answers so."""
    return f"largest-{kind.replace(' ', '-')}-{size_bytes}"


def wanted(request: str) -> Wanted:
    """What a request's path or body asks for. Raises ValueError if it has no model of this benchmark."""
    found = _MODEL.search(request)
    if found is None:
        raise ValueError("the request's model is not one of the largest answers")
    return Wanted(found.group(1).replace("-", " "), int(found.group(2)))


@lru_cache(maxsize=2)
def whole(asked: Wanted) -> bytes:
    """A chat completion. JSON that is no string is a field that OpenAI does not know."""
    value = large_json.BY_KIND[asked.kind](asked.size_bytes - _AROUND_BYTES)
    content, extra = (value, "0") if asked.kind in large_json.STRINGS else ('"Paris"', value)
    message = f'{{"role":"assistant","content":{content}}}'
    choice = f'{{"index":0,"finish_reason":"stop","message":{message}}}'
    return _completion(
        f'"object":"chat.completion","choices":[{choice}],"extra":{extra},"usage":{json.dumps(_USAGE)}'
    )


@lru_cache(maxsize=2)
def converse(asked: Wanted) -> bytes:
    """An answer of Converse. JSON that is no string is the input of a tool."""
    value = large_json.BY_KIND[asked.kind](asked.size_bytes - _AROUND_BYTES)
    is_text = asked.kind in large_json.STRINGS
    use = f'{{"toolUse":{{"toolUseId":"t","name":"f","input":{{"a":{value}}}}}}}'
    block, reason = (f'{{"text":{value}}}', "end_turn") if is_text else (use, "tool_use")
    message = f'{{"content":[{block}],"role":"assistant"}}'
    return (
        f'{{"output":{{"message":{message}}},"stopReason":"{reason}","metrics":{{"latencyMs":1}},'
        f'"usage":{json.dumps(_CONVERSE_USAGE)}}}'
    ).encode()


def events(asked: Wanted) -> Iterator[bytes]:
    """A stream of chat completions with events of the largest size."""
    value = large_json.BY_KIND[asked.kind](_EVENT_BYTES - _AROUND_BYTES)
    content, extra = (value, "0") if asked.kind in large_json.STRINGS else ('"Paris"', value)
    chunk = f'"object":"chat.completion.chunk","choices":[{{"index":0,"delta":{{"content":{content}}},"finish_reason":null}}]'
    for _ in range(_EVENTS):
        yield _data(_completion(f'{chunk},"extra":{extra}'))
    yield _data(
        _completion(
            '"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]'
        )
    )
    yield b"data: [DONE]\n\n"


def converse_frames(asked: Wanted) -> Iterator[bytes]:
    """A stream of Converse with frames of the largest size. JSON that is no string is a tool call with wide text."""
    is_text = asked.kind in large_json.STRINGS
    kind = asked.kind if is_text else large_json.WIDE_TEXT
    piece = json.loads(large_json.BY_KIND[kind](_EVENT_BYTES - _AROUND_BYTES))
    delta = {"text": piece} if is_text else {"toolUse": {"input": piece}}
    yield frames.event_frame("messageStart", {"role": "assistant"})
    if not is_text:
        start = {"toolUse": {"toolUseId": "t", "name": "f"}}
        yield frames.event_frame("contentBlockStart", {"contentBlockIndex": 0, "start": start})
    for _ in range(_EVENTS if is_text else asked.size_bytes // _EVENT_BYTES):
        yield frames.event_frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta})
    yield frames.event_frame("contentBlockStop", {"contentBlockIndex": 0})
    yield frames.event_frame("messageStop", {"stopReason": "end_turn" if is_text else "tool_use"})
    yield frames.event_frame("metadata", {"usage": _CONVERSE_USAGE, "metrics": {"latencyMs": 1}})


def guardrail() -> dict[str, Any]:
    """ApplyGuardrail's answer to a text without findings."""
    return {"action": "NONE", "outputs": [], "assessments": [{}], "usage": {}, "guardrailCoverage": {}}


def _completion(fields: str) -> bytes:
    return f'{{"id":"chatcmpl-1","created":0,"model":"m",{fields}}}'.encode()


def _data(content: bytes) -> bytes:
    return b"data: " + content + b"\n\n"
