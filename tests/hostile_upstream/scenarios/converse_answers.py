"""Whole answers of Converse that are no answers, hold odd content, or overload a JSON reader."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from tests.hostile_upstream.converse import HonestConverse, answer, reasoning, tool_use
from tests.hostile_upstream.honest import to_json
from tests.hostile_upstream.markers import FOREIGN, HELD, WORDS
from tests.hostile_upstream.part import Part
from tests.hostile_upstream.scenario import (
    COMPLETES,
    COMPLETES_SOMEHOW,
    INVALID,
    TOO_LARGE,
    Expectation,
    Scenario,
    completes,
)
from tests.hostile_upstream.scenarios import converse_trace
from tests.hostile_upstream.way import NOT_STREAMED, Way

_HONEST = HonestConverse(Way.WHOLE)
_SAYS = {"text": _HONEST.words}
_NO_ANSWERS: Mapping[str, Any] = {
    "null": None,
    "list": [answer(_SAYS)],
    "string": WORDS,
    "empty": {},
    "output-null": {"output": None},
    "output-empty": {"output": {}},
    "message-null": {"output": {"message": None}},
    "message-list": {"output": {"message": [WORDS]}},
    "content-null": {"output": {"message": {"content": None}}},
    "content-object": {"output": {"message": {"content": {"text": WORDS}}}},
    "content-string": {"output": {"message": {"content": WORDS}}},
    "unknown-operation": {"Output": {"__type": f"{WORDS}#UnknownOperationException"}},
    "chat-completion": {"choices": [{"message": {"content": WORDS}}]},
}
_NO_JSON: Mapping[str, bytes] = {
    "no-bytes": b"",
    "half": to_json(answer(_SAYS))[:-2],
    "followed": to_json(answer(_SAYS)) + b"zq00000",
    "html": b"<html>zq00000</html>",
    "not-utf-8": to_json(answer({"text": "@"})).replace(b"@", b"\xff\xfe"),
    "frames": HonestConverse(Way.STREAM).content,
    "deep": b'{"output":' * 100_000,
    "5000-digits": to_json(answer(_SAYS))[:-1] + b', "a": ' + b"9" * 5_000 + b"}",
    "1e999": to_json(answer(_SAYS))[:-1] + b', "a": 1e999}',
}
_ODD_BLOCKS: Mapping[str, Any] = {
    "null": None,
    "list": [WORDS],
    "string": WORDS,
    "unknown": {WORDS: {"text": WORDS}},
    "text-null": {"text": None},
    "text-list": {"text": [WORDS]},
    "text-object": {"text": {"text": WORDS}},
    "use-null": {"toolUse": None},
    "use-list": {"toolUse": [HELD]},
    "reasoning-null": {"reasoningContent": None},
    "reasoning-string": {"reasoningContent": HELD},
    "reasoning-text": {"reasoningContent": {"reasoningText": HELD}},
    "reasoning-text-list": reasoning([HELD]),
    "redacted": {"reasoningContent": {"redactedContent": HELD}},
    "citations-string": {"citationsContent": {"content": WORDS}},
    "citations-lists": {"citationsContent": {"content": [[WORDS], {"text": [WORDS]}]}},
    "guarded": {"guardContent": {"text": {"text": WORDS}}},
}
# Blocks with what has to be checked.
_HELD: Mapping[str, Any] = {
    "call": tool_use({"city": HELD}),
    "thoughts": reasoning(HELD),
    "input-null": tool_use(None),
    "input-string": tool_use(HELD),
    "input-list": tool_use([HELD]),
    "input-number": tool_use(10**4_000),
    "input-key": tool_use({HELD: 1}),
    "input-surrogate": tool_use({"a": f"{HELD}\ud800"}),
    "input-deep": tool_use({"a": [[[[[HELD]]]]]}),
    "use-and-thoughts": {**tool_use({"a": 1}), **reasoning(HELD)},
    "text-and-use": {"text": "", **tool_use({"a": HELD})},
    "id-foreign": tool_use({}, toolUseId=FOREIGN),
    "id-8000": tool_use({}, toolUseId=WORDS * 1_000),
    "name-foreign": tool_use({}, name=f"{FOREIGN}\r\n\ud800"),
    "type-foreign": tool_use({"a": HELD}, type=FOREIGN),
}
_NO_CALLS: Mapping[str, Any] = {
    f"{field}-{name}": tool_use({"a": HELD}, **{field: value})
    for field in ("toolUseId", "name")
    for name, value in {"null": None, "empty": "", "number": 17, "list": [WORDS]}.items()
}
_FIELDS: Mapping[str, Any] = {
    "stop-null": {"stop_reason": None},
    "stop-list": {"stop_reason": [WORDS]},
    "stop-foreign": {"stop_reason": FOREIGN},
    "stop-8000": {"stop_reason": WORDS * 1_000},
    "usage-null": {"usage": None},
    "usage-strings": {"usage": {"inputTokens": WORDS, "outputTokens": [WORDS]}},
    "usage-huge": {"usage": {"inputTokens": 10**300, "outputTokens": 10**4_000}},
    "usage-negative": {"usage": {"inputTokens": -1, "outputTokens": 1.5}},
    "usage-reasoning": {"additionalModelResponseFields": {"usage": {"output_tokens_details": [WORDS]}}},
    "metrics": {"metrics": [WORDS]},
    "tier": {"serviceTier": {"type": FOREIGN}},
    "foreign": {WORDS: {WORDS: WORDS}},
}


def _of(name: str, content: bytes, expect: Expectation, as_job: Expectation | None = None) -> Scenario:
    return Scenario(
        name, lambda _: _HONEST.of(content), expect, ways=NOT_STREAMED, as_job=as_job, part=Part.CONVERSE
    )


def _once(scenarios: Iterable[Scenario]) -> Iterator[Scenario]:
    """Both functions read an answer in the same way, so that each of these answers is tried with one of them."""
    for scenario, asked in zip(scenarios, itertools.cycle(NOT_STREAMED), strict=False):
        yield replace(scenario, ways=(asked,))


def _saying(name: str, block: Any, expect: Expectation = COMPLETES, **change: Any) -> Scenario:
    return _of(name, to_json(answer(block, _SAYS, **change)), expect)


def _long(name: str, character: str, as_job: Expectation = COMPLETES_SOMEHOW) -> Scenario:
    """As many of the character as a buffered answer may have."""
    text = character.encode() * (8_300_000 // len(character.encode()))
    return _of(f"long-{name}", to_json(answer({"text": "@"})).replace(b"@", text), TOO_LARGE, as_job)


def _filled(name: str, unit: bytes, count: int, expect: Expectation) -> Scenario:
    """A tool call whose arguments are a list of that unit."""
    content = to_json(answer(_SAYS, tool_use("@"), stop_reason="tool_use"))
    arguments = b'{"a": [' + b",".join([unit] * count) + b"]}"
    return _of(f"arguments-{name}", content.replace(b'"@"', arguments), expect)


def _sizes() -> Iterator[Scenario]:
    yield _long("ascii", "x")
    yield _long("latin", "é")
    yield _long("astral", "😀")
    yield _of("bomb", b'{"output": [' + b"[]," * 2_000_000 + b"[]]}", INVALID)
    yield _of("wide", to_json(answer(_SAYS))[:-1] + b', "a": [' + b"{}," * 244_000 + b"{}]}", COMPLETES)
    yield _filled("lists", b"[]", 240_000, COMPLETES)
    yield _filled("numbers", b"1.5", 480_000, COMPLETES)
    yield _filled("astral", '"😀"'.encode(), 200_000, COMPLETES)
    yield _of("10000-blocks", to_json(answer(*[{"text": "x"}] * 10_000)), completes("x" * 10_000))
    yield _of("10000-calls", to_json(answer(*[tool_use({"a": HELD})] * 10_000)), COMPLETES_SOMEHOW)


SCENARIOS = (
    *_once(_of(name, to_json(value), INVALID) for name, value in _NO_ANSWERS.items()),
    *_once(_of(name, content, INVALID) for name, content in _NO_JSON.items()),
    *_once(_saying(f"block-{name}", block) for name, block in _ODD_BLOCKS.items()),
    *_once(_saying(f"held-{name}", block) for name, block in _HELD.items()),
    *_once(_saying(f"call-{name}", block, INVALID) for name, block in _NO_CALLS.items()),
    *_once(_saying(f"field-{name}", {}, **change) for name, change in _FIELDS.items()),
    *_once(
        _saying(f"trace-{name}", {}, COMPLETES_SOMEHOW, trace=trace)
        for name, trace in islice(converse_trace.TRACES.items(), 0, None, 3)
    ),
    _of("no-blocks", to_json(answer()), COMPLETES_SOMEHOW),
    _of("call-only", to_json(answer(tool_use({"a": HELD}), stop_reason="tool_use")), COMPLETES_SOMEHOW),
    _saying("call-and-guardrail", tool_use({"a": HELD}), stop_reason="guardrail_intervened"),
    _saying("malformed-call", tool_use({"a": HELD}), INVALID, stop_reason="malformed_tool_use"),
    _of("malformed", to_json(answer(stop_reason="malformed_model_output")), INVALID),
    _of("repeated-keys", to_json(answer(_SAYS))[:-1] + b', "output": null}', INVALID),
    Scenario(
        "typed-as-stream",
        lambda honest: honest.typed(b"application/vnd.amazon.eventstream"),
        COMPLETES,
        ways=NOT_STREAMED,
        part=Part.CONVERSE,
    ),
    Scenario(
        "typed-foreign", lambda h: h.typed(b"zq00000"), COMPLETES, ways=NOT_STREAMED, part=Part.CONVERSE
    ),
    *_sizes(),
)
