"""DynamoDB, which holds the jobs' records, gives hostile answers; Bedrock is honest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.hostile_upstream.honest import LAST_CHUNK, OK, Honest, chunk, error, head, to_json
from tests.hostile_upstream.markers import FOREIGN, WORDS
from tests.hostile_upstream.part import Part
from tests.hostile_upstream.scenario import Answer, Expectation, Scenario, refused
from tests.hostile_upstream.script import BLOCK, Close, Endless, Pause, Reset
from tests.hostile_upstream.way import Way

_REFUSAL = "com.amazonaws.dynamodb#ConditionalCheckFailedException"
_FAILS = refused(500, "internal_error")
_CLAIMED: Mapping[str, Any] = {"leased_by": {"S": WORDS}, "attempts": {"N": "1"}}
_ANSWERS: Mapping[str, Any] = {
    "null": None,
    "list": [WORDS],
    "number": 17,
    "empty": {},
    "attributes-null": {"Attributes": None},
    "attributes-list": {"Attributes": [WORDS]},
    "attributes-empty": {"Attributes": {}},
    "attempts-string": {"Attributes": {**_CLAIMED, "attempts": WORDS}},
    "attempts-words": {"Attributes": {**_CLAIMED, "attempts": {"N": WORDS}}},
    "answer-number": {"Attributes": {"answer_line": {"N": "1"}}},
    "answer-key-list": {"Attributes": {"answer_key": {"S": [WORDS]}}},
}
# Records of a claim that was refused, which the worker reads to know whose the job is.
_REFUSED: Mapping[str, Any] = {
    "leased-by-string": {**_CLAIMED, "leased_by": WORDS},
    "leased-until-words": {**_CLAIMED, "leased_until": {"N": WORDS}},
    "leased-until-huge": {**_CLAIMED, "leased_until": {"N": "9" * 400}},
    "leased-until-nan": {**_CLAIMED, "leased_until": {"N": "nan"}},
}
_CODES: Mapping[str, Any] = {
    "foreign": FOREIGN,
    "8000": WORDS * 1_200,
    "newline": f"{WORDS}\n{WORDS}",
    "surrogate": f"{WORDS}\ud800",
    "list": [WORDS],
    "number": 17,
    "empty": "",
    "hashes": f"{FOREIGN}#{FOREIGN}#{FOREIGN}",
    "throttled": "com.amazonaws.dynamodb#ThrottlingException",
    "refused-without-item": "com.amazonaws.dynamodb#ConditionalCheckFailedException",
}


def _of(name: str, answer: Answer, expect: Expectation = _FAILS) -> Scenario:
    return Scenario(name, lambda _: answer, expect, ways=(Way.JOB,), part=Part.DYNAMODB)


def _whole(content: bytes, *fields: bytes) -> bytes:
    return Honest(Way.JOB).of(content, *fields)


SCENARIOS = (
    *(_of(f"answer-{name}", _whole(to_json(value))) for name, value in _ANSWERS.items()),
    *(_of(f"code-{n}", error(400, to_json({"__type": v, "message": WORDS}))) for n, v in _CODES.items()),
    *(_of(f"refused-{n}", error(400, to_json({"__type": _REFUSAL, "Item": v}))) for n, v in _REFUSED.items()),
    _of("text", _whole(b"zq00000")),
    _of("nothing", _whole(b"")),
    _of("not-utf-8", _whole(b"\xff\xfe")),
    _of("deep", _whole(b"[" * 100_000)),
    _of("5000-digits", _whole(b"9" * 5_000)),
    _of("bomb-objects", _whole(b'{"a": [' + b'{"a":1},' * 480_000 + b"{}]}")),
    _of("bomb-lists", _whole(b'{"a": [' + b"[]," * 1_300_000 + b"[]]}")),
    _of("html", error(503, b"<html>zq00000</html>")),
    _of("redirect", error(302, b"", b"Location: http://bedrock.example/zq00000")),
    _of("status-999", error(999, to_json({"__type": FOREIGN}))),
    _of("closed", (Close(),)),
    _of("reset", (Reset(),)),
    _of("cut", (head(OK, b"Content-Length: 500") + b"{", Close())),
    _of("garbage", (b"zq00000\r\n\r\n", Close())),
    _of("endless", (head(OK), Endless(BLOCK))),
    _of("endless-chunked", (head(OK, b"Transfer-Encoding: chunked"), Endless(chunk(BLOCK)))),
    _of("endless-field", (b"HTTP/1.1 200 OK\r\nx: ", Endless(BLOCK))),
    _of("endless-interims", (Endless(b"HTTP/1.1 100 Continue\r\n\r\n"),)),
    _of("101-fields", _whole(b"{}", *[b"x: y"] * 101)),
    _of("length-and-chunked", _whole(LAST_CHUNK, b"Transfer-Encoding: chunked")),
    _of("followed", _whole(to_json({"Attributes": {}})) + _whole(to_json({"Attributes": _CLAIMED}))),
    _of(
        "followed-later",
        (
            _whole(to_json({"__type": FOREIGN})),
            Pause(0.05),
            _whole(to_json({"Attributes": {"answer_line": {"S": f'"{WORDS}"'}}})),
        ),
    ),
)
