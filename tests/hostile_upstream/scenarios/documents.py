"""Completions that are not completions, or that overload a JSON reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.hostile_upstream.honest import Honest, completion, to_json
from tests.hostile_upstream.markers import FOREIGN, WORDS
from tests.hostile_upstream.scenario import (
    COMPLETES,
    COMPLETES_SOMEHOW,
    INVALID,
    TOO_LARGE,
    Expectation,
    Scenario,
    of_content,
)
from tests.hostile_upstream.way import NOT_STREAMED

_MB = 1_000_000
_NO_COMPLETIONS: Mapping[str, Any] = {
    "null": None,
    "true": True,
    "number": 17,
    "string": WORDS,
    "list": [completion()],
    "empty-object": {},
    "no-choices": {"id": WORDS},
    "choices-null": completion(choices=None),
    "choices-object": completion(choices={}),
    "choices-numbers": completion(choices=[1, 2, 3]),
    "choices-nulls": completion(choices=[None]),
    "choices-strings": completion(choices=[WORDS]),
    "choices-lists": completion(choices=[[[]]]),
    "choices-mixed": completion(choices=[{"message": {"content": WORDS}}, 1]),
    "choices-string": completion(choices=WORDS),
    "choices-number": completion(choices=17),
}
_ODD_CHOICES: Mapping[str, Any] = {
    "none": [],
    "empty-objects": [{}],
    "message-null": [{"index": 0, "message": None, "finish_reason": FOREIGN}],
    "message-list": [{"index": 0, "message": [WORDS]}],
    "content-null": [{"message": {"role": "assistant", "content": None}}],
    "content-list": [{"message": {"content": [{"type": "text", "text": WORDS}]}}],
    "content-number": [{"message": {"content": 17}}],
    "finish-reason-list": [{"message": {"content": WORDS}, "finish_reason": [WORDS]}],
    "finish-reason-8000": [{"message": {"content": WORDS}, "finish_reason": WORDS * 1_000}],
    "finish-reason-object": [{"message": {"content": WORDS}, "finish_reason": {"a": WORDS}}],
    "index-huge": [{"index": 10**40, "message": {"content": WORDS}}],
    "10000": [{"index": 0, "message": {"content": WORDS}, "finish_reason": "stop"}] * 10_000,
}
_USAGES: Mapping[str, Any] = {
    "null": None,
    "list": [WORDS],
    "string": FOREIGN,
    "strings": {"prompt_tokens": FOREIGN, "completion_tokens": WORDS, "total_tokens": ""},
    "trues": {"prompt_tokens": True, "completion_tokens": False, "total_tokens": True},
    "floats": {"prompt_tokens": 1.5, "completion_tokens": 1e300, "total_tokens": -0.0},
    "negative": {"prompt_tokens": -1, "completion_tokens": -(10**30), "total_tokens": -0},
    "huge": {"prompt_tokens": 10**300, "completion_tokens": 10**4000, "total_tokens": 2**64},
    "lists": {"prompt_tokens": [WORDS] * 100, "completion_tokens": {WORDS: WORDS}},
    "foreign-names": {WORDS: 1, f"{WORDS}\n": 2},
}
_FIELDS = ("id", "object", "created", "model", "service_tier", "system_fingerprint", WORDS)
_VALUES: Mapping[str, Any] = {"foreign": FOREIGN, "list": [WORDS], "20kB": WORDS * 3_000}


def _of(name: str, content: bytes, expect: Expectation) -> Scenario:
    return of_content(name, content, expect, NOT_STREAMED)


def _bomb(name: str, unit: bytes, last: bytes, size_bytes: int = 6 * _MB) -> Scenario:
    """The unit repeated in a list within the choices."""

    def answer(honest: Honest) -> bytes:
        return honest.of(b'{"choices": [' + unit * (size_bytes // len(unit)) + last + b"]}")

    return Scenario(f"bomb-{name}", answer, INVALID, ways=NOT_STREAMED)


def _wide(
    name: str, unit: bytes, last: bytes, count: int, expect: Expectation = COMPLETES_SOMEHOW
) -> Scenario:
    """A list of `unit`, just short enough to be read."""

    def answer(honest: Honest) -> bytes:
        return honest.of(b'{"choices": [], "a": [' + unit * (count - 1) + last + b"]}")

    return Scenario(f"wide-{name}", answer, expect, as_job=COMPLETES_SOMEHOW, ways=NOT_STREAMED)


def _long(
    name: str, character: str, as_job: Expectation = COMPLETES_SOMEHOW, *, has_trace: bool = False
) -> Scenario:
    """As many of the character as a buffered answer may have."""

    def answer(honest: Honest) -> bytes:
        document = completion("@", **({"amazon-bedrock-trace": {}} if has_trace else {}))
        text = character.encode() * (8_300_000 // len(character.encode()))
        return honest.of(to_json(document).replace(b'"@"', b'"' + text + b'"'))

    return Scenario(f"long-{name}", answer, TOO_LARGE, as_job=as_job, ways=NOT_STREAMED)


def _deep(name: str, opening: bytes, closing: bytes, depth: int) -> Scenario:
    def answer(honest: Honest) -> bytes:
        return honest.of(b'{"choices": [], "a": ' + opening * depth + b"1" + closing * depth + b"}")

    return Scenario(f"deep-{name}-{depth}", answer, INVALID, ways=NOT_STREAMED)


def _number(name: str, text: bytes, expect: Expectation) -> Scenario:
    content = to_json(completion())[:-1] + b', "n": ' + text + b"}"
    return _of(f"number-{name}", content, expect)


def _content(name: str, text: str | bytes, expect: Expectation) -> Scenario:
    """The text between the quotes of `content`, already escaped."""
    raw = text if isinstance(text, bytes) else text.encode()
    return _of(f"content-{name}", to_json(completion("@")).replace(b'"@"', b'"' + raw + b'"'), expect)


SCENARIOS = (
    *(_of(name, to_json(value), INVALID) for name, value in _NO_COMPLETIONS.items()),
    *(
        _of(f"choices-{n}", to_json(completion(choices=v)), COMPLETES_SOMEHOW)
        for n, v in _ODD_CHOICES.items()
    ),
    *(_of(f"usage-{name}", to_json(completion(usage=value)), COMPLETES) for name, value in _USAGES.items()),
    *(
        _of(f"{field}-{name}", to_json(completion(**{field: value})), COMPLETES)
        for field in _FIELDS
        for name, value in _VALUES.items()
    ),
    _of("empty", b"", INVALID),
    _of("spaces", b" " * 1000, INVALID),
    _of("half", to_json(completion())[:-2], INVALID),
    _of("twice", to_json(completion()) * 2, INVALID),
    _of("followed-by-text", to_json(completion()) + b"zq00000", INVALID),
    _of("single-quotes", b"{'choices': []}", INVALID),
    _of("comments", b'{"choices": [] /* zq00000 */}', INVALID),
    _of("trailing-comma", b'{"choices": [],}', INVALID),
    _of("html", b"<html>zq00000</html>", INVALID),
    _of("xml", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'zq00000'>]><a>&b;</a>", INVALID),
    _of("nuls", bytes(1000), INVALID),
    _of("repeated-choices", to_json(completion())[:-1] + b', "choices": null}', INVALID),
    _of(
        "repeated-keys", to_json(completion())[:-1] + b', "choices": [], "id": "zq00000"}', COMPLETES_SOMEHOW
    ),
    _of("repeated-escaped-keys", to_json(completion())[:-1] + rb', "\u0063hoices": []}', COMPLETES_SOMEHOW),
    _of("proto", to_json({**completion(), "__proto__": {"a": WORDS}, "constructor": WORDS}), COMPLETES),
    _bomb("lists", b"[],", b"[]"),
    _bomb("objects", b'{"a":1},', b"{}"),
    _bomb("empty-objects", b"{},", b"{}"),
    _bomb("numbers", b"1.5,", b"1"),
    _bomb("integers", b"1000,", b"1"),
    _bomb("strings", b'"a",', b'""'),
    _bomb("nested-lists", b"[[[[]]]],", b"[]"),
    _bomb("nested-objects", b'{"a":{"b":{}}},', b"{}"),
    _bomb("choices", b'{"index":0,"message":{},"finish_reason":"x"},', b"{}"),
    _wide("lists", b"[],", b"[]", 245_000),
    _wide("objects", b"{},", b"{}", 245_000),
    _wide("objects-with-keys", b'{"a":1.5},', b"{}", 245_000),
    _wide("objects-with-lists", b'{"a":[]},', b"{}", 160_000),
    _wide("objects-nested", b'{"a":{"b":{}}},', b"{}", 124_000),
    _wide("numbers", b"1.5,", b"1", 490_000),
    _wide("integers", b"1000000,", b"1", 490_000),
    _wide("strings", b'"\\u00e9abcdefgh",', b'""', 490_000, TOO_LARGE),
    Scenario(
        "wide-keys",
        lambda honest: honest.of(
            b'{"choices": [], ' + b",".join(b'"k%06d":{}' % number for number in range(240_000)) + b"}"
        ),
        COMPLETES_SOMEHOW,
        ways=NOT_STREAMED,
    ),
    _long("ascii", "x"),
    _long("latin", "é"),
    _long("astral", "😀"),
    _long("quotes", r"\""),
    _long("escapes", r"\u00e9"),
    _long("commas", ",", INVALID),
    _long("ascii-with-trace", "x", has_trace=True),
    _long("latin-with-trace", "é", has_trace=True),
    _long("astral-with-trace", "😀", has_trace=True),
    _long("quotes-with-trace", r"\"", has_trace=True),
    _of(
        "bomb-keys",
        b'{"choices": [], ' + b", ".join(b'"k%d": 1' % number for number in range(300_000)) + b"}",
        COMPLETES_SOMEHOW,
    ),
    _deep("lists", b"[", b"]", 100_000),
    _deep("lists", b"[", b"]", 5_000),
    _deep("lists", b"[", b"]", 900),
    _deep("objects", b'{"a":', b"}", 100_000),
    _deep("objects", b'{"a":', b"}", 900),
    _of("deep-unclosed", b'{"choices": ' + b"[" * _MB, INVALID),
    _number("5000-digits", b"9" * 5_000, INVALID),
    _number("1000000-digits", b"9" * _MB, INVALID),
    _number("4000-digits", b"9" * 4_000, COMPLETES),
    _number("1e999", b"1e999", INVALID),
    _number("minus-1e999", b"-1e999", INVALID),
    _number("1e-999", b"1e-999", COMPLETES),
    _number("long-fraction", b"0." + b"1" * _MB, COMPLETES),
    _number("long-exponent", b"1e" + b"9" * 100_000, INVALID),
    _number("nan", b"NaN", INVALID),
    _number("infinity", b"Infinity", INVALID),
    _number("leading-zero", b"01", INVALID),
    _number("hexadecimal", b"0x10", INVALID),
    _number("minus", b"-", INVALID),
    _content("reasoning", f"<reasoning>{WORDS}</reasoning>Paris", COMPLETES_SOMEHOW),
    _content("reasoning-unclosed", f"<reasoning>{WORDS}", COMPLETES_SOMEHOW),
    _content("reasoning-only", f"<reasoning>{WORDS}</reasoning>", COMPLETES_SOMEHOW),
    _content("reasoning-1MB", "<reasoning>" * 90_000, COMPLETES_SOMEHOW),
    _content("half-surrogate", r"\ud800", COMPLETES_SOMEHOW),
    _content("halves-reversed", r"\udc00\ud800", COMPLETES_SOMEHOW),
    _content("nul", r"\u0000", COMPLETES_SOMEHOW),
    _content("raw-nul", b"\0", INVALID),
    _content("raw-newline", b"\n", INVALID),
    _content("bad-escape", r"\x41", INVALID),
    _content("bad-unicode-escape", r"\u12", INVALID),
    _content("escapes-1MB", r"\u0041" * 170_000, COMPLETES_SOMEHOW),
    _content("quotes-1MB", r"\"" * 500_000, COMPLETES_SOMEHOW),
    _content("not-characters", r"\uffff\ufffe\u202e", COMPLETES_SOMEHOW),
    _content("astral", "😀" * 1000, COMPLETES_SOMEHOW),
    _content("line-separators", "\u2028\u2029", COMPLETES_SOMEHOW),
)
