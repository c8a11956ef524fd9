"""Hostile input for the pure functions that turn Converse's answers into chat completions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from chat_gateway.converse import answer, errors
from chat_gateway.converse.event_stream import Event
from chat_gateway.converse.stream_events import StreamTranslator, replayed
from tests.unit.growth.hostile import JSON, TEXTS, Document, Kinds, changed, some
from tests.unit.growth.measure import ANSWER_BYTES, EVENT_BYTES, HEAD_BYTES, Case, cases

_USAGE = {"inputTokens": 1, "outputTokens": 1, "cacheReadInputTokens": 1}
_MODEL_FIELDS = {"usage": {"output_tokens_details": {"thinking_tokens": 1}}}
_TIER = {"type": "flex"}


def all_cases() -> Iterator[Case]:
    """All cases with input from Converse."""
    yield from _answers()
    yield from _one_event()
    yield from _streams()
    yield from _errors()


def _answers() -> Iterator[Case]:
    cited = {"citationsContent": {"content": [{"text": "a"}] * 3}}
    kinds = {
        "texts": _blocks({"text": "a"}),
        "cited texts": _blocks(cited),
        "thoughts": _blocks({"reasoningContent": {"reasoningText": {"text": "a"}}}),
        "calls": _blocks({"toolUse": {"toolUseId": "a", "name": "f", "input": {}}}),
        "nameless calls": _blocks({"toolUse": {}}),
        "a long text": lambda size: _answer([{"text": "a" * size}]),
        "a large input": lambda size: _answer(
            [{"toolUse": {"toolUseId": "a", "name": "f", "input": ["a"] * (size // 4)}}]
        ),
        "findings": lambda size: {**_answer([{"text": "a"}]), "trace": _trace(size)},
        "nothing": lambda _: {},
    }
    yield from cases("Converse's answer", ANSWER_BYTES, kinds, _read_answer)


def _blocks(block: Document) -> Callable[[int], Document]:
    block_bytes = len(json.dumps(block))
    return lambda size: _answer([block] * (size // block_bytes + 1))


def _answer(blocks: list[Document]) -> Document:
    return {
        "output": {"message": {"content": blocks}},
        "usage": _USAGE,
        "serviceTier": _TIER,
        "additionalModelResponseFields": _MODEL_FIELDS,
    }


def _trace(size: int) -> Document:
    entries = [{"name": "a" * 100, "type": "b", "action": "c"}] * (size // 512)
    by_policy = {f"{number}Policy": {"a": entries[:4]} for number in range(size // 512)}
    assessment = {"topicPolicy": {"topics": entries}, **by_policy}
    by_id = {f"{number}": [{"topicPolicy": {"topics": entries[:1]}}] for number in range(size // 512)}
    return {"guardrail": {"inputAssessment": {"a": assessment}, "outputAssessments": by_id}}


def _read_answer(document: Document) -> None:
    made = answer.completion(document, model="a.b", tool_names={}, id_="c", created=0)
    replayed(made)


def _one_event() -> Iterator[Case]:
    for kind in ("contentBlockDelta", "metadata"):
        payloads = changed(JSON, _event_of_payload(kind))
        yield from cases(f"event {kind}", EVENT_BYTES, payloads, _translate)
    texts = some(TEXTS, "combining marks", "backslashes", "quotes", "line ends")
    deltas = {
        "text": lambda text: {"text": text},
        "thought": lambda text: {"reasoningContent": {"text": text}},
        "arguments": lambda text: {"toolUse": {"input": text}},
    }
    for name, delta in deltas.items():
        events = changed(texts, _events_of_delta(delta))
        yield from cases(f"event with {name}", EVENT_BYTES, events, _translate)
    traces: Kinds = {"findings": lambda size: [_event("metadata", trace=_trace(size))]}
    yield from cases("event with a trace", EVENT_BYTES, traces, _translate)


def _event_of_payload(kind: str) -> Callable[[bytes], list[Event]]:
    return lambda payload: [Event("event", kind, payload)]


def _events_of_delta(delta: Callable[[str], Document]) -> Callable[[str], list[Event]]:
    return lambda text: [_call(0), _event("contentBlockDelta", contentBlockIndex=0, delta=delta(text))]


def _streams() -> Iterator[Case]:
    word = _event("contentBlockDelta", contentBlockIndex=0, delta={"text": "a"})
    kinds = {
        "words": lambda size: [word] * (size // 100),
        "calls": lambda size: [_call(number) for number in range(size // 100)],
        "calls in one block": lambda size: [_call(0)] * (size // 100),
        "block ends": lambda size: [
            _call(0),
            *[_event("contentBlockStop", contentBlockIndex=0)] * (size // 100),
        ],
        "starts": lambda size: [_event("messageStart", role="assistant")] * (size // 100),
    }
    yield from cases("Converse's stream", ANSWER_BYTES, kinds, _translate)


def _translate(events: Iterable[Event]) -> None:
    translator = StreamTranslator(model="a.b", tool_names={}, id_="c", created=0, bedrock_request_id=None)
    for event in events:
        translator.feed(event)
    translator.feed(_event("messageStop", stopReason="end_turn", additionalModelResponseFields=_MODEL_FIELDS))
    translator.feed(_event("metadata", usage=_USAGE, serviceTier=_TIER))
    translator.end()


def _event(kind: str, **payload: Any) -> Event:
    return Event("event", kind, json.dumps(payload).encode())


def _call(block: int) -> Event:
    start = {"toolUse": {"toolUseId": "a", "name": "f"}}
    return _event("contentBlockStart", contentBlockIndex=block, start=start)


def _errors() -> Iterator[Case]:
    yield from cases("Converse's error", HEAD_BYTES, JSON, _read_error)
    messages = changed(some(TEXTS, "combining marks", "blanks", "digits", "quotes"), _error_content)
    yield from cases("Converse's error with", HEAD_BYTES, messages, _read_error)


def _error_content(text: str) -> bytes:
    return json.dumps({"message": f"too many {text}", "__type": f"a#{text}"}).encode()


def _read_error(content: bytes) -> None:
    errors.http_error(400, {"x-amzn-errortype": "ValidationException"}, content)
    errors.http_error(400, {}, content)
    errors.of_event(Event("exception", "validationException", content), None)
