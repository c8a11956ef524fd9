"""Streams of events with everything that their format allows, and with violations of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.hostile_upstream.honest import (
    DONE,
    LAST_CHUNK,
    Honest,
    chunk,
    chunk_object,
    chunks_of_one_byte,
    event,
    to_json,
)
from tests.hostile_upstream.markers import FOREIGN, WORDS
from tests.hostile_upstream.scenario import (
    BROKEN,
    COMPLETES,
    COMPLETES_SOMEHOW,
    INVALID,
    LOST,
    Expectation,
    Scenario,
    completes,
    of_content,
    refused,
)
from tests.hostile_upstream.script import Pause, Step
from tests.hostile_upstream.way import STREAMED, Way

_STREAM = Honest(Way.STREAM)
_WHOLE = _STREAM.content
_ONE = event(chunk_object("Paris"))
_ERRORS: Mapping[str, Any] = {
    "object": {"message": WORDS, "type": FOREIGN, "code": FOREIGN},
    "string": WORDS,
    "list": [WORDS],
    "number": 17,
    "true": True,
    "empty-message": {"message": ""},
    "no-message": {"code": FOREIGN},
    "message-number": {"message": 17},
    "message-list": {"message": [WORDS]},
    "nested": {"error": {"error": {"message": WORDS}}},
    "code-429": {"message": WORDS, "code": 429},
    "code-string-503": {"message": WORDS, "code": "503"},
    "status-200": {"message": WORDS, "status": 200, "code": 200},
    "status-999": {"message": WORDS, "status": 999, "code": 999},
    "status-huge": {"message": WORDS, "status": 10**300},
    "status-negative": {"message": WORDS, "status": -400},
    "status-arabic": {"message": WORDS, "status": "٤٢٩"},
    "throttling": {"message": WORDS, "type": "ThrottlingException"},
    "message-60kB": {"message": WORDS * 8_000},
    "message-sse": {"message": f"{WORDS}\r\n\r\ndata: [DONE]\r\n\r\n"},
}
# What an error says of its status, and by which code the caller knows it. Others are a 502 without a code.
_STATED = {
    "code-429": (429, "rate_limit_exceeded"),
    "code-string-503": (503, "503"),
    "throttling": (429, "rate_limit_exceeded"),
}
_UNSTATED = (502, None)
_FALSY_ERRORS: Mapping[str, Any] = {"null": None, "false": False, "zero": 0, "empty": "", "empty-list": []}
_NO_OBJECTS: Mapping[str, bytes] = {
    "text": b"zq00000",
    "list": b"[]",
    "number": b"17",
    "null": b"null",
    "string": b'"zq00000"',
    "half": b'{"choices": [',
    "two": b"{}{}",
    "nan": b'{"a": zq00000}',
    "empty": b"",
    "spaces": b"   ",
    "small-done": b"[done]",
    "done-and-more": b"[DONE] zq00000",
    "not-utf-8": b'{"a": "\xff\xfe"}',
    "deep": b'{"a":' * 100_000,
    "5000-digits": b'{"a": %b}' % (b"9" * 5_000),
    "nul": b"\0",
    "html": b"<html>zq00000</html>",
}
_ODD_CHUNKS: Mapping[str, Any] = {
    "empty": {},
    "choices-null": {"choices": None},
    "choices-object": {"choices": {}},
    "choices-numbers": {"choices": [1, 2]},
    "choices-nulls": {"choices": [None]},
    "choices-10000": {"choices": [{"index": 0, "delta": {"content": WORDS}}] * 10_000},
    "delta-null": {"choices": [{"delta": None}]},
    "delta-list": {"choices": [{"delta": [WORDS]}]},
    "delta-string": {"choices": [{"delta": WORDS}]},
    "finish-reason-list": {"choices": [{"delta": {}, "finish_reason": [WORDS]}]},
    "id-object": {"id": {WORDS: 1}, "choices": []},
    "usage-list": {"choices": [], "usage": [WORDS]},
    "usage-strings": {"choices": [], "usage": {"prompt_tokens": WORDS, "total_tokens": f"{WORDS} 1"}},
    "usage-trues": {"choices": [], "usage": {"prompt_tokens": True}},
    "usage-huge": {"choices": [], "usage": {"prompt_tokens": 10**4000, "total_tokens": 10**300}},
    "surrogate": {"choices": [{"delta": {"content": "\ud800"}}]},
    "error-type": {"type": "error", "message": WORDS},
}
# None: a marker, which is another one in each trial.
_WORDS_OF_ODD_CHUNKS = {"choices-10000": None, "surrogate": "\ud800"}

_TWO_CHOICES = event({"choices": [{"index": n, "delta": {"content": "x"}} for n in (0, 1)]})
_TWO_CHOICES += event(chunk_object(finish_reason="stop"))
_CHOICES = [{"index": n * 10**20, "delta": {"content": WORDS}, "finish_reason": None} for n in range(300)]
# Thinking in an answer's words, in pieces.
_REASONING: Mapping[str, tuple[str, ...]] = {
    "in-one": (f"<reasoning>{WORDS}</reasoning>Paris",),
    "by-character": tuple(f"<reasoning>{WORDS}</reasoning>\n\nParis"),
    "unclosed": ("<reasoning>", WORDS),
    "half-open": ("<reason",),
    "half-closed": (f"<reasoning>{WORDS}</reas",),
    "nested": ("<reasoning><reasoning>a</reasoning>", "b</reasoning>c"),
    "many-openings": ("<reasoning>",) * 5_000,
    "almost-closed": ("<reasoning>", *("</reasoning",) * 5_000),
    "line-breaks": ("<reasoning>a</reasoning>", *("\n",) * 5_000),
}
# What nobody needs to remember: 15 events of what unfolds to 17 MB each.
_SAID_KEYS = b"".join(event({f"amazon-bedrock-{n}": [[]] * 220_000}) for n in range(15))


def _reasoning(name: str) -> Scenario:
    words = b"".join(event(chunk_object(piece)) for piece in _REASONING[name])
    return _events(
        f"reasoning-{name}", words + event(chunk_object(finish_reason="stop")) + DONE, COMPLETES_SOMEHOW
    )


def _events(name: str, content: bytes, expect: Expectation) -> Scenario:
    return of_content(name, content, expect, STREAMED)


def _odd_chunk(name: str, odd: str, *, after: str = "") -> Scenario:
    content = (event(chunk_object(after)) if after else b"") + event(_ODD_CHUNKS[odd]) + DONE
    words = _WORDS_OF_ODD_CHUNKS.get(odd, "")
    expect = completes(None if words is None else after + words)
    if odd == "error-type":
        expect = _ended_by(None) if after else refused(502)
    return _events(name, content, expect)


def _ended_by(code: str | None) -> Expectation:
    """Bedrock's own error with that code, after the stream's head."""
    return refused((None,), code)


def _error_or(completion: Expectation) -> Expectation:
    """An event that only calls itself an error may count as an error or as an event without words."""
    return replace(completion, may_fail=True, statuses=(502, None))


def _ended(end: bytes) -> bytes:
    return _WHOLE.replace(b"\n", end)


def _mixed_ends() -> bytes:
    """Each line has another of the three line endings."""
    lines = _WHOLE.split(b"\n")
    return b"".join(line + (b"\n", b"\r\n", b"\r")[number // 2 % 3] for number, line in enumerate(lines))


def _byte_by_byte(content: bytes) -> tuple[Step, ...]:
    return (_STREAM.chunked_head() + chunks_of_one_byte(content) + LAST_CHUNK,)


def _split(content: bytes, between: bytes) -> Scenario:
    """A pause within bytes that belong together."""
    at = content.index(between) + 1
    steps = (chunk(content[:at]), Pause(0.05), chunk(content[at:]) + LAST_CHUNK)
    return Scenario(
        f"split-{between.hex()}",
        lambda honest: (honest.chunked_head(), *steps),
        COMPLETES_SOMEHOW,
        ways=STREAMED,
    )


SCENARIOS = (
    _events("ends-crlf", _ended(b"\r\n"), COMPLETES),
    _events("ends-cr", _ended(b"\r"), COMPLETES),
    _events("ends-mixed", _mixed_ends(), COMPLETES),
    _events("ends-lfcr", _ended(b"\n\r"), COMPLETES),
    _events("bom", b"\xef\xbb\xbf" + _WHOLE, COMPLETES),
    _events("bom-before-each", _WHOLE.replace(b"data:", b"\xef\xbb\xbfdata:"), COMPLETES),
    _events("comments", _WHOLE.replace(b"data:", b": zq00000\ndata:"), COMPLETES),
    _events("comments-only", b": zq00000\n\n" * 100, LOST),
    _events("comment-before-error", b": hi\n\n" + event({"error": {"message": WORDS}}), _ended_by(None)),
    _events("nothing", b"", LOST),
    _events("line-ends-only", b"\n" * 1000, LOST),
    _events("no-data", b"event: zq00000\nid: 1\n\n" * 10 + _WHOLE, COMPLETES),
    _events("fields-only", b"event: zq00000\nid: 1\nretry: 5\n\n", LOST),
    _events("all-fields", _WHOLE.replace(b"data:", b"event: zq00000\nid: 7\nretry: 1\ndata:"), COMPLETES),
    _events(
        "event-error",
        b"event: error\ndata: " + to_json({"message": WORDS}) + b"\n\n" + DONE,
        _error_or(completes("")),
    ),
    _events("unknown-fields", _WHOLE.replace(b"data:", b"zq00000: 1\ndata:"), COMPLETES),
    _events("no-space", _WHOLE.replace(b"data: ", b"data:"), COMPLETES),
    _events("two-spaces", _WHOLE.replace(b"data: {", b"data:  {"), COMPLETES),
    _events("tab", _WHOLE.replace(b"data: {", b"data:\t{"), COMPLETES),
    _events("capital-data", _WHOLE.replace(b"data", b"DATA"), LOST),
    _events("space-before-colon", _WHOLE.replace(b"data:", b"data :"), LOST),
    _events("multi-line", _WHOLE.replace(b', "choices"', b',\ndata: "choices"'), COMPLETES_SOMEHOW),
    _events("data-without-colon", b"data\n\n" + _WHOLE, INVALID),
    _events("done-twice", _WHOLE + DONE, COMPLETES),
    _events("done-with-spaces", _WHOLE.replace(b"[DONE]", b" [DONE] "), INVALID),
    _events("done-without-space", _WHOLE.replace(b"data: [DONE]", b"data:[DONE]"), COMPLETES),
    _events("done-without-end", _WHOLE.removesuffix(b"\n"), COMPLETES),
    _events("done-without-line-end", _WHOLE.removesuffix(b"\n\n"), COMPLETES),
    _events("done-only", DONE, COMPLETES_SOMEHOW),
    _events("done-in-two-lines", _WHOLE.replace(b"[DONE]", b"[DO\ndata: NE]"), BROKEN),
    _events("no-done", _WHOLE.removesuffix(DONE), COMPLETES),
    _events("no-done-no-finish", _ONE * 3, LOST),
    _events("no-done-one-of-two-finished", _TWO_CHOICES, LOST),
    _events("no-done-finished-again", event(chunk_object(finish_reason="stop")) * 3, COMPLETES_SOMEHOW),
    _events(
        "words-after-finish",
        event(chunk_object("x", finish_reason="stop")) + _ONE + DONE,
        completes("xParis"),
    ),
    _events(
        "error-after-finish",
        event(chunk_object(finish_reason="stop")) + event({"error": WORDS}),
        _ended_by(None),
    ),
    _events("300-choices", event({"choices": _CHOICES}) * 3 + DONE, COMPLETES_SOMEHOW),
    *map(_reasoning, _REASONING),
    _events("said-keys", _SAID_KEYS + _WHOLE, COMPLETES),
    _events("after-done", _WHOLE + b"data: zq00000\n\n", COMPLETES),
    _events("after-done-1MB", _WHOLE + b"data: zq00000\n\n" * 70_000, COMPLETES),
    _events("after-done-error", _WHOLE + event({"error": {"message": WORDS}}), COMPLETES),
    _events("nul-before-data", b"\0" + _WHOLE, completes(" capital of France is Paris.")),
    _events("nuls-between", _WHOLE.replace(b"\n\n", b"\n\n\0\n\n"), COMPLETES),
    _events("nul-in-data", _STREAM.saying(b"Pa\0ris"), INVALID),
    _events("not-utf-8", _STREAM.saying(b"\xff\xfe"), INVALID),
    _events("not-utf-8-comment", b": \xff\xfe\n\n" + _WHOLE, COMPLETES),
    _events(
        "injected",
        _STREAM.saying(b'"}}]}\n\nevent: zq00000\ndata: {"choices": []}\n\n'),
        completes("The capital of France is "),
    ),
    _events("event-900kB-of-lists", event({"choices": [], "a": [[]] * 220_000}) + DONE, completes("")),
    _events("event-900kB-of-objects", event({"choices": [], "a": [{"a": 1}] * 75_000}) + DONE, completes("")),
    _events("event-of-100000-lines", b"data: \n" * 100_000 + b"data: {}\n\n" + DONE, completes("")),
    _events("event-of-100000-comments", b":\n" * 100_000 + b"data: {}\n\n" + DONE, completes("")),
    _events("events-in-a-line", b"data: {} data: {}\n\n", INVALID),
    *(
        _events(f"error-{n}", event({"error": value}) + DONE, refused(*_STATED.get(n, _UNSTATED)))
        for n, value in _ERRORS.items()
    ),
    *(
        _events(
            f"error-after-words-{n}",
            _ONE * 3 + event({"error": value}) + DONE,
            _ended_by(_STATED.get(n, _UNSTATED)[1]),
        )
        for n, value in _ERRORS.items()
    ),
    *(
        _events(f"no-error-{n}", event({**chunk_object("x"), "error": v}) + DONE, completes("x"))
        for n, v in _FALSY_ERRORS.items()
    ),
    *(_events(f"data-{n}", b"data: " + data + b"\n\n" + DONE, INVALID) for n, data in _NO_OBJECTS.items()),
    *(
        _events(f"data-after-words-{n}", _ONE + b"data: " + data + b"\n\n" + DONE, INVALID)
        for n, data in _NO_OBJECTS.items()
    ),
    *(_odd_chunk(f"chunk-{name}", name) for name in _ODD_CHUNKS),
    *(_odd_chunk(f"chunk-after-words-{name}", name, after="Paris") for name in _ODD_CHUNKS),
    Scenario("byte-by-byte-crlf", lambda _: _byte_by_byte(_ended(b"\r\n")), COMPLETES, ways=STREAMED),
    Scenario("byte-by-byte-cr", lambda _: _byte_by_byte(_ended(b"\r")), COMPLETES, ways=STREAMED),
    _split(_STREAM.saying("äöü".encode()), "ä".encode()),
    _split(_STREAM.saying("😀".encode()), "😀".encode()),
    _split(_ended(b"\r\n"), b"\r\n\r\n"),
    _split(_ended(b"\r"), b"\r\r"),
    _split(b"\xef\xbb\xbf" + _WHOLE, b"\xef\xbb\xbf"),
    _split(_WHOLE, b"[DONE]"),
    _split(_WHOLE, b"data"),
)
