"""Streams of Converse with events in odd orders and with odd payloads, tool calls and exceptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks import aws_answers
from tests.hostile_upstream import converse
from tests.hostile_upstream.converse import (
    START,
    HonestConverse,
    Message,
    argument,
    block_stop,
    call_start,
    called,
    delta,
    event,
    exception,
    message_stop,
    metadata,
    thought,
)
from tests.hostile_upstream.markers import FOREIGN, HELD, WORDS
from tests.hostile_upstream.part import Part
from tests.hostile_upstream.scenario import (
    COMPLETES,
    COMPLETES_SOMEHOW,
    INVALID,
    LOST,
    TOO_LARGE,
    Expectation,
    Scenario,
    completes,
    refused,
)
from tests.hostile_upstream.scenarios import converse_trace
from tests.hostile_upstream.script import Endless, Frames
from tests.hostile_upstream.way import STREAMED, Way
from tests.unit.event_stream_messages import strings

_KEY = aws_answers.KEY
_STREAM = HonestConverse(Way.STREAM)
_SAYS = converse.words(_STREAM.words)
_STOP, _TOOL_STOP, _META = message_stop(), message_stop("tool_use"), metadata()
_END = (_STOP, _META)
_TOOL_END = (_TOOL_STOP, _META)
_NO_OBJECTS: Mapping[str, bytes] = {
    "empty": b"",
    "text": b"zq00000",
    "list": b"[]",
    "null": b"null",
    "string": b'"zq00000"',
    "half": b'{"delta": {',
    "two": b"{}{}",
    "not-utf-8": b'{"a": "\xff\xfe"}',
    "deep": b'{"a":' * 100_000,
    "5000-digits": b'{"a": %b}' % (b"9" * 5_000),
    "nan": b'{"a": NaN}',
}
_KINDS = (
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
)
_ODD_DELTAS: Mapping[str, Any] = {
    "null": None,
    "list": [WORDS],
    "string": WORDS,
    "empty": {},
    "unknown": {"image": {"source": {"bytes": WORDS}}, WORDS: WORDS},
    "text-null": {"text": None},
    "text-list": {"text": [WORDS]},
    "text-number": {"text": 17},
    "text-object": {"text": {"text": WORDS}},
    "reasoning-null": {"reasoningContent": None},
    "reasoning-list": {"reasoningContent": [HELD]},
    "reasoning-text-list": {"reasoningContent": {"text": [HELD]}},
    "signature": {"reasoningContent": {"signature": HELD}},
    "redacted": {"reasoningContent": {"redactedContent": HELD}},
    "citation": {"citation": {"title": WORDS}},
    "900kB-of-lists": {"a": [[]] * 220_000},
}
_TEXTS: Mapping[str, str] = {
    "surrogate": "\ud800",
    "nul": "\0",
    "sse": '"}}]}\n\ndata: [DONE]\n\n',
    "separators": "\u2028\u2029\x85",
    "900kB": "x" * 900_000,
    "900kB-astral": "😀" * 75_000,
    "150000-quotes": '"' * 150_000,
}
# Names of exceptions, and the caller's status and code.
_EXCEPTIONS: Mapping[str, tuple[int, str | None]] = {
    "internalServerException": (500, None),
    "modelStreamErrorException": (502, "model_error"),
    "modelTimeoutException": (504, "gateway_timeout"),
    "throttlingException": (429, "rate_limit_exceeded"),
    "serviceUnavailableException": (503, None),
    "validationException": (400, None),
    "ValidationException": (400, None),
    "resourceNotFoundException": (404, "model_not_found"),
    FOREIGN: (502, None),
    _KEY: (502, None),
    "": (502, None),
    "x" * 60_000: (502, None),
}
_DETAILS: Mapping[str, Any] = {
    "none": b"",
    "not-json": b"zq00000",
    "list": [WORDS],
    "deep": b'{"message":' * 50_000,
    "empty": {},
    "message-number": {"message": 17},
    "message-list": {"message": [WORDS]},
    "message-60kB": {"message": WORDS * 8_000},
    "message-key": {"message": f"{WORDS} Bearer {_KEY}", "code": _KEY, "type": _KEY, "param": _KEY},
    "message-prompt": {"message": f"What is the capital of {WORDS} prompt?"},
    "message-sse": {"message": f"{WORDS}\r\n\r\ndata: [DONE]\r\n\r\n"},
    "original": {"originalMessage": WORDS, "originalStatusCode": 10**300},
    "surrogate": {"message": f"{WORDS}\ud800"},
}
_STOP_REASONS: Mapping[str, Any] = {
    "null": None,
    "list": [WORDS],
    "foreign": FOREIGN,
    "8000": WORDS * 1_000,
    "number": 17,
    "max_tokens": "max_tokens",
    "malformed": "malformed_model_output",
    "content_filtered": "content_filtered",
    "guardrail": "guardrail_intervened",
}
_USAGES: Mapping[str, Any] = {
    "null": None,
    "list": [WORDS],
    "strings": {"inputTokens": WORDS, "outputTokens": WORDS},
    "trues": {"inputTokens": True, "outputTokens": True},
    "floats": {"inputTokens": 1.5, "outputTokens": 1e300},
    "negative": {"inputTokens": -1, "outputTokens": -1},
    "huge": {"inputTokens": 10**300, "outputTokens": 10**4_000},
    "cache": {**converse.USAGE, "cacheReadInputTokens": WORDS, "cacheWriteInputTokens": [WORDS]},
    "foreign-names": {**converse.USAGE, WORDS: WORDS},
}
_ODD_INDEXES: Mapping[str, Any] = {"null": None, "text": WORDS, "fraction": 1.5, "list": [1], "object": {}}
_WHOLE_NUMBERS: Mapping[str, int] = {"huge": 10**20, "4300-digits": 10**4_300 - 1, "negative": -1}
_ODD_NAMES: Mapping[str, Any] = {
    "null": None,
    "empty": "",
    "number": 17,
    "list": [WORDS],
    "object": {WORDS: 1},
}
_FOREIGN_NAMES: Mapping[str, str] = {
    "foreign": FOREIGN,
    "8000": WORDS * 1_000,
    "newline": f"{WORDS}\r\n\r\ndata: [DONE]\n\n",
    "surrogate": "\ud800",
}
# Arguments that a model may write: all must be checked as they are released.
_ARGUMENTS: Mapping[str, tuple[Any, ...]] = {
    "none": ("",),
    "no-json": ("{", HELD),
    "string": (f'"{HELD}"',),
    "list": (f'["{HELD}"]',),
    "repeated-key": (f'{{"city": "{HELD}", "city": "Rome"}}',),
    "repeated-inner-key": (f'{{"a": [{{"city": "{HELD}", "city": 1}}]}}',),
    "followed": (f'{{"city": 1}} {HELD}',),
    "nan": (f'{{"a": NaN, "b": "{HELD}"}}',),
    "infinite": (f'{{"a": 1e999, "b": "{HELD}"}}',),
    "5000-digits": ('{"a": ' + "9" * 5_000, f', "b": "{HELD}"}}'),
    "deep": ('{"a": ' * 90_000, HELD),
    "surrogate": (f'{{"a": "\\ud800{HELD}\ud800"}}',),
    "lists": ('{"a": [', *("[]," * 100_000,) * 13, f'"{HELD}"]}}'),
    "5000-pieces": ('{"a": "', *("x",) * 5_000, f'{HELD}"}}'),
}
_ESCAPED: Mapping[str, bytes] = {
    "toolUse": b"tool\\u0055se",
    "reasoningContent": b"reasoning\\u0043ontent",
}


def _of(name: str, messages: tuple[Message, ...], expect: Expectation = COMPLETES) -> Scenario:
    return Scenario(name, lambda h: h.framed(*messages), expect, ways=STREAMED, part=Part.CONVERSE)


def _calling(name: str, *messages: Message, expect: Expectation = COMPLETES) -> Scenario:
    """The words, and then a tool call or thoughts."""
    return _of(
        f"call-{name}", (START, *converse.words(_STREAM.words, index=9), *messages, *_TOOL_END), expect
    )


def _failing(name: str, failure: Message, status: int, code: str | None) -> Iterator[Scenario]:
    """The failure as the first event and after words."""
    yield _of(f"first-{name}", (failure, START, *_SAYS, *_END), refused(status, code))
    yield _of(f"later-{name}", (START, *_SAYS, failure), refused((None, status), code))


def _error_message(code: str, text: str) -> Message:
    return strings({":message-type": "error", ":error-code": code, ":error-message": text}), b""


def _escaped(key: str, *messages: Message) -> tuple[Message, ...]:
    """The messages with a key that JSON writes with an escape."""
    written = b'"%b"' % _ESCAPED[key]
    return tuple((headers, payload.replace(b'"%b"' % key.encode(), written)) for headers, payload in messages)


def _endless(name: str, *messages: Message, expect: Expectation) -> Scenario:
    head = HonestConverse(Way.STREAM).head()
    answer = (head, Frames((START,)), Endless(Frames(messages).data))
    return Scenario(f"endless-{name}", lambda _: answer, expect, ways=STREAMED, part=Part.CONVERSE)


def _orders() -> Iterator[Scenario]:
    yield _of("no-start", (*_SAYS, *_END))
    yield _of("start-twice", (START, START, *_SAYS, *_END))
    yield _of("start-late", (*_SAYS, START, *_END))
    yield _of("block-stops", (START, block_stop(7), *_SAYS, block_stop(0), block_stop(0), *_END))
    yield _of("stop-only", (_STOP,), completes(""))
    yield _of("end-only", _END, completes(""))
    yield _of("start-only", (START,), LOST)
    yield _of("metadata-only", (_META,), LOST)
    yield _of("metadata-first", (_META, START, *_SAYS, _STOP))
    yield _of("metadata-before-stop", (START, *_SAYS, _META, _STOP))
    yield _of("metadata-twice", (START, *_SAYS, *_END, metadata(usage=None)))
    yield _of("no-stop", (START, *_SAYS, block_stop(0)), LOST)
    yield _of("no-stop-but-metadata", (START, *_SAYS, _META), LOST)
    yield _of("stop-twice", (START, *_SAYS, _STOP, *_END), INVALID)
    yield _of("words-after-stop", (START, *_SAYS, _STOP, *_SAYS, _META), INVALID)
    yield _of("words-after-metadata", (START, *_SAYS, *_END, *_SAYS))
    yield _of("error-after-metadata", (START, *_SAYS, *_END, exception("throttlingException", {})))
    yield _of(
        "error-after-stop",
        (START, *_SAYS, _STOP, exception("internalServerException", {})),
        refused((None, 500), None),
    )
    yield _of("unknown-events", (event(FOREIGN, b"zq00000"), START, event("Metadata", {}), *_SAYS, *_END))
    yield _of(
        "no-block-index", (START, event("contentBlockDelta", {"delta": {"text": "x"}}), *_END), completes("x")
    )


def _payloads() -> Iterator[Scenario]:
    for name, payload in _NO_OBJECTS.items():
        kinds = ("contentBlockDelta", "metadata") if name != "empty" else _KINDS
        for kind in kinds:
            before = (START, *_SAYS, _STOP) if kind == "metadata" else (START, *_SAYS)
            yield _of(f"{kind}-{name}", (*before, event(kind, payload)), INVALID)
    for name, odd in _ODD_DELTAS.items():
        yield _of(f"delta-{name}", (START, delta(odd), *_SAYS, *_END))
    for name, text in _TEXTS.items():
        yield _of(f"text-{name}", (START, delta({"text": text}), *_END), completes(text))
    for name, reason in _STOP_REASONS.items():
        yield _of(f"stop-reason-{name}", (START, *_SAYS, message_stop(reason), _META))
    yield _of("stop-reason-malformed-without-words", (START, message_stop("malformed_tool_use")), INVALID)
    yield _of("stop-fields", (START, *_SAYS, message_stop(additionalModelResponseFields=[WORDS]), _META))
    for name, usage in _USAGES.items():
        yield _of(f"usage-{name}", (START, *_SAYS, _STOP, metadata(usage=usage)))
    for name, tier in {"foreign": {"type": FOREIGN}, "list": [WORDS], "type-list": {"type": [WORDS]}}.items():
        yield _of(f"tier-{name}", (START, *_SAYS, _STOP, metadata(serviceTier=tier)))
    for name, trace in converse_trace.TRACES.items():
        yield _of(f"trace-{name}", (START, *_SAYS, _STOP, metadata(trace=trace)), COMPLETES_SOMEHOW)
    yield _of("metadata-900kB", (START, *_SAYS, _STOP, metadata(a=[[]] * 220_000)))


def _failures() -> Iterator[Scenario]:
    for number, (kind, (status, code)) in enumerate(_EXCEPTIONS.items()):
        yield from _failing(f"exception-{number}", exception(kind, {"message": WORDS}), status, code)
    for number, (name, detail) in enumerate(_DETAILS.items()):
        failure = exception("throttlingException", detail)
        yield [*_failing(f"detail-{name}", failure, 429, "rate_limit_exceeded")][number % 2]
    yield _of(
        "first-context",
        (exception("validationException", {"message": f"{WORDS}: Input is too long"}),),
        refused(400, "context_length_exceeded"),
    )
    for name, text in {
        "foreign": FOREIGN,
        "key": f"Bearer {_KEY}",
        "empty": "",
        "60kB": "x" * 60_000,
    }.items():
        yield from _failing(f"error-{name}", _error_message(text, text), 502, None)


def _tools() -> Iterator[Scenario]:
    yield _calling("plain", *called())
    yield _calling("thoughts", thought(HELD), *called(1))
    yield _calling("without-pieces", call_start(), block_stop())
    yield _calling("without-stop", call_start(), argument(f'{{"a": "{HELD}"}}'))
    yield _calling("mixed", call_start(3), call_start(1), argument("{", index=1), argument(HELD, index=3))
    yield _calling("300", *(message for n in range(300) for message in called(n + 10)))
    yield _calling("restarted", *called(1), *called(1))
    yield _calling("in-a-block-of-words", *called(9))
    yield _calling("in-a-block-of-thoughts", thought("Hm"), *called(0))
    yield _calling("thoughts-in-its-block", *called(0), thought(HELD))
    yield _calling("pieces-first", argument(HELD), *called(), expect=INVALID)
    yield _calling("pieces-of-another", call_start(1), argument(HELD, index=2), expect=INVALID)
    yield _calling("start-null", event("contentBlockStart", {"contentBlockIndex": 1, "start": None}))
    yield _calling("start-list", event("contentBlockStart", {"contentBlockIndex": 1, "start": [HELD]}))
    yield _calling(
        "use-list",
        event("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolUse": [HELD]}}),
        expect=INVALID,
    )
    yield _calling("input-in-start", *called(0, "{}", input=HELD))
    yield _calling("words-and-use", call_start(0), delta({"text": "", "toolUse": {"input": HELD}}))
    yield _calling("words-and-thoughts", delta({"text": "", "reasoningContent": {"text": HELD}}))
    yield _calling(
        "thoughts-and-use",
        call_start(0),
        delta({"reasoningContent": {"text": HELD}, "toolUse": {"input": HELD}}),
    )
    for name, index in _ODD_INDEXES.items():
        yield _calling(f"index-{name}", *called(index), expect=INVALID)
        yield _calling(f"thought-index-{name}", thought(HELD, index=index))
    yield _calling(
        "thought-without-index", event("contentBlockDelta", {"delta": {"reasoningContent": {"text": HELD}}})
    )
    for name, number in _WHOLE_NUMBERS.items():
        yield _calling(f"index-{name}", *called(number))
    yield _calling("index-true", *called(True))
    for field in ("toolUseId", "name"):
        for name, value in _ODD_NAMES.items():
            yield _calling(f"{field}-{name}", *called(1, **{field: value}), expect=INVALID)
        for name, text in _FOREIGN_NAMES.items():
            yield _calling(f"{field}-{name}", *called(1, **{field: text}))
    for name, piece in {"null": None, "list": [HELD], "number": 17, "object": {"a": HELD}}.items():
        yield _calling(f"piece-{name}", call_start(1), argument(piece, index=1), expect=INVALID)
    for name, pieces in _ARGUMENTS.items():
        yield _calling(f"arguments-{name}", *called(1, *pieces))
    yield _calling("arguments-6MB", *called(1, *("[]," * 100_000,) * 20), expect=TOO_LARGE)
    yield _calling("escaped-use", *_escaped("toolUse", *called()))
    yield _calling("escaped-thoughts", *_escaped("reasoningContent", thought(HELD)))
    yield _of("call-after-stop", (START, *_SAYS, _TOOL_STOP, *called(), _META), INVALID)
    yield _of("call-and-no-stop", (START, *_SAYS, *called()), LOST)
    yield _of(
        "call-and-error",
        (START, *_SAYS, *called(), exception("throttlingException", {})),
        refused((None, 429)),
    )
    yield _of("call-and-guardrail", (START, *_SAYS, *called(), message_stop("guardrail_intervened"), _META))
    yield _of(
        "call-and-metadata-first", (_META, START, *_SAYS, thought(HELD, index=2), *called(1), _TOOL_STOP)
    )
    yield _of("call-and-no-metadata", (START, *_SAYS, *called(1), _TOOL_STOP))
    yield _of(
        "call-malformed", (START, *_SAYS, *called(1), message_stop("malformed_tool_use"), _META), INVALID
    )
    yield _endless("arguments", call_start(0), argument("x" * 4_000), expect=TOO_LARGE)
    yield _endless("thoughts", thought("x" * 4_000), expect=TOO_LARGE)
    yield _endless("calls", call_start(0), expect=TOO_LARGE)


SCENARIOS = (*_orders(), *_payloads(), *_failures(), *_tools())
