"""Foreign text in every field of an error that the gateway reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from benchmarks import aws_answers
from tests.hostile_upstream.honest import Honest, error, event, to_json
from tests.hostile_upstream.markers import FOREIGN, WORDS
from tests.hostile_upstream.scenario import COMPLETES, Expectation, Scenario, refused
from tests.hostile_upstream.way import STREAMED, Way

_KEY = aws_answers.KEY
_SAID = f"{WORDS} says no"
_TEXTS: Mapping[str, Any] = {
    "foreign": FOREIGN,
    "8000": WORDS + "x" * 8_000,
    "201": WORDS + "x" * 194,
    "1MB": WORDS + "x" * 1_000_000,
    "number": 1234567,
    "huge-number": 10**300,
    "list": [WORDS, WORDS],
    "object": {WORDS: WORDS},
    "true": True,
    "empty": "",
    "surrogate": f"{WORDS}\ud800",
    "newline": f"{WORDS}\nx-injected: 1",
    "crlf": f"{WORDS}\r\n\r\n<html>",
    "escape": f"\x1b[31m{WORDS}\x1b[0m",
    "nul": f"{WORDS}\0",
    "not-ascii": f"{WORDS} schön 漢字 \u202e",
    "json": json.dumps({"a": WORDS}),
    "sse": f"{WORDS}\n\ndata: [DONE]\n\n",
    "percent": f"%s %d %(x)s {{}} {WORDS}",
    "key": _KEY,
    "bearer-key": f"Bearer {_KEY}",
}
_RETRY_AFTER: Mapping[str, bytes] = {
    "foreign": b"zq00000 soon",
    "20kB": b"zq00000" * 2_900,
    "spaces-20kB": b"1" + b" " * 20_000 + b"1",
    "negative": b"-5",
    "nan": b"nan",
    "inf": b"inf",
    "1e308": b"1e308",
    "minus-1e308": b"-1e308",
    "5000-digits": b"9" * 5_000,
    "small-digits": b"0." + b"0" * 5_000 + b"1",
    "far-date": b"Fri, 31 Dec 9999 23:59:59 GMT",
    "past-date": b"Sun, 06 Nov 1994 08:49:37 GMT",
    "no-date": b"Xyz, 99 zq00000 99999 99:99:99 GMT",
    "zone": b"Sun, 06 Nov 1994 08:49:37 +99999999999",
    "empty": b"",
    "not-ascii": "zq00000 schön".encode(),
    "control": b"1\x01zq00000",
    "underscores": b"1_0",
    "key": _KEY.encode(),
    "a-day": b"86400",
}
_REQUEST_IDS: Mapping[str, bytes] = {
    "foreign": b"zq00000 & more",
    "20kB": b"zq00000" * 2_900,
    "300": b"zq00000" + b"x" * 293,
    "control": b"zq00000\x01\x1b[31m",
    "not-ascii": "zq00000 schön".encode(),
    "not-utf-8": b"zq00000 \xff",
    "spaces": b"zq00000 zq00000",
    "json": b'{"a": "zq00000"}',
    "empty": b"",
    "crlf-escaped": b"zq00000%0d%0ax-injected: 1",
    "key": _KEY.encode(),
    "bearer-key": b"Bearer " + _KEY.encode(),
}
_MESSAGES: Mapping[str, Any] = {
    "no-object": WORDS,
    "list": [WORDS],
    "list-of-objects": [{"error": {"message": _SAID}}],
    "number": 17,
    "null": None,
    "true": True,
    "empty-object": {},
    "error-string": {"error": WORDS},
    "error-list": {"error": [WORDS]},
    "error-null": {"error": None},
    "error-number": {"error": 17},
    "error-empty": {"error": {}},
    "capital-message": {"Message": _SAID},
    "message-number": {"message": 17},
    "message-list": {"message": [_SAID]},
    "message-object": {"message": {"message": _SAID}},
    "message-empty": {"message": ""},
    "both-messages": {"message": _SAID, "Message": WORDS},
    "type-only": {"error": {"type": FOREIGN}},
    "amazon": {"__type": f"com.amazon.{WORDS}#ValidationException", "message": _SAID},
    "detail": {"detail": [{"loc": [WORDS], "msg": _SAID}]},
    "rfc-9457": {"type": f"https://{WORDS}", "title": WORDS, "status": 999, "detail": _SAID},
    "status-inside": {"error": {"message": _SAID, "status": 200, "status_code": "200", "code": "200"}},
    "extra-keys": {"error": {"message": _SAID, WORDS: WORDS, "inner": {"stack": [WORDS] * 100}}},
}
_CREDENTIALS = refused((403, 503), "upstream_access_denied", "upstream_credentials_invalid")
_REFUSALS: Mapping[str, str] = {
    "repeats-key": f"The token Bearer {_KEY} is wrong",
    "repeats-header": f"authorization: Bearer {_KEY}\r\nhost: x",
    "repeats-key-in-json": json.dumps({"message": f"Bearer {_KEY}"}),
    "repeats-prompt": f"You asked: What is the capital of {WORDS} prompt?",
    "no-access-repeats-prompt": f"You don't have access to the model {WORDS} with the specified model ID.",
    "not-authorized": f"User: {WORDS} is not authorized to perform: bedrock:InvokeModel on {WORDS}",
    "not-authorized-foreign-action": f"not authorized to perform: bedrock:{WORDS} ({_KEY})",
    "not-authorized-key": f"not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:x:1:{_KEY}",
    "long": f"{WORDS} " * 2_000,
    "newlines": f"{WORDS}\n" * 20,
    "escape": f"\x1b[2J{WORDS}",
    "empty": "",
}

_ERROR_CLASSES: Mapping[str, bytes] = {
    "key": _KEY.encode(),
    "20kB": b"zq00000" * 2_900,
    "control": b"zq00000\x01",
    "link": b"zq00000 http://bedrock.example/",
}


def _nested(depth: int) -> str:
    """An error as JSON in another error's message, to that depth."""
    text = _SAID
    for _ in range(depth):
        text = json.dumps({"message": text, "code": FOREIGN})
    return text


def _escaped(text: str) -> bytes:
    """JSON with every character written as an escape."""
    return "".join(f"\\u{ord(character):04x}" for character in text).encode()


def _in_field(field: str, name: str) -> Scenario:
    document = {"error": {"message": _SAID, "type": "a_type", field: _TEXTS[name]}}
    return Scenario(f"{field}-{name}", lambda _: error(400, to_json(document)), refused(400))


def _in_event(field: str, name: str) -> Scenario:
    document = {"error": {"message": _SAID, field: _TEXTS[name]}}
    return Scenario(
        f"event-{field}-{name}",
        lambda _: Honest(Way.STREAM).of(event(document)),
        refused(502, None),
        ways=STREAMED,
    )


def _retry_after(field: bytes, name: str) -> Scenario:
    content = to_json({"message": _SAID})
    return Scenario(
        f"{field.decode()}-{name}",
        lambda _: error(429, content, field + b": " + _RETRY_AFTER[name]),
        refused((429, 502)),
    )


def _request_id(field: bytes, name: str) -> Scenario:
    line = field + b": " + _REQUEST_IDS[name]
    return Scenario(f"{field.decode()}-{name}", lambda _: error(404, b"{}", line), refused((404, 502)))


def _honest_request_id(name: str) -> Scenario:
    line = b"x-amzn-requestid: " + _REQUEST_IDS[name]
    return Scenario(f"completion-id-{name}", lambda honest: honest.counted(line), COMPLETES)


def _shape(name: str, status: int = 400, expect: Expectation | None = None) -> Scenario:
    return Scenario(
        f"shape-{name}", lambda _: error(status, to_json(_MESSAGES[name])), expect or refused(status)
    )


def _refusal(status: int, name: str) -> Scenario:
    content = to_json({"message": _REFUSALS[name]})
    kind = b"x-amzn-errortype: zq00000 & more:" + _KEY.encode()
    return Scenario(f"{status}-{name}", lambda _: error(status, content, kind), _CREDENTIALS)


def _refusal_of_class(status: int, name: str) -> Scenario:
    line = b"x-amzn-errortype: " + _ERROR_CLASSES[name]
    return Scenario(f"{status}-class-{name}", lambda _: error(status, b"{}", line), _CREDENTIALS)


SCENARIOS = (
    *(_in_field(field, name) for field in ("code", "type", "param", "message") for name in _TEXTS),
    *(_in_event(field, name) for field in ("code", "type", "param", "message", "status") for name in _TEXTS),
    *(_retry_after(b"retry-after", name) for name in _RETRY_AFTER),
    *(_retry_after(b"retry-after-ms", name) for name in ("foreign", "20kB", "nan", "1e308", "key")),
    *(_request_id(b"x-amzn-requestid", name) for name in _REQUEST_IDS),
    *(_request_id(b"x-request-id", name) for name in _REQUEST_IDS),
    *(_honest_request_id(name) for name in _REQUEST_IDS),
    *map(_shape, _MESSAGES),
    *(_refusal(status, name) for status in (401, 403) for name in _REFUSALS),
    *(_refusal_of_class(status, name) for status in (401, 403) for name in _ERROR_CLASSES),
    Scenario(
        "request-id-twice",
        lambda _: error(404, b"{}", b"x-amzn-requestid: zq00000 1", b"x-amzn-requestid: zq00000 2"),
        refused(404),
    ),
    Scenario(
        "retry-after-twice",
        lambda _: error(429, b"{}", b"retry-after: 0", b"retry-after: zq00000 2"),
        refused(429),
    ),
    Scenario("nested-3", lambda _: error(400, _nested(3).encode()), refused(400)),
    Scenario("nested-12", lambda _: error(400, _nested(12).encode()), refused(400)),
    Scenario(
        "nested-50",
        lambda _: error(400, to_json({"error": {"message": "[" * 50 + f'"{WORDS}"' + "]" * 50}})),
        refused(400),
    ),
    Scenario("shape-empty", lambda _: error(400, b""), refused(400)),
    Scenario("shape-html", lambda _: error(502, b"<html><h1>zq00000</h1></html>"), refused(502)),
    Scenario("shape-text", lambda _: error(400, b"zq00000"), refused(400)),
    Scenario("shape-half-json", lambda _: error(400, b'{"error": {"message": "zq00000'), refused(400)),
    Scenario("shape-deep", lambda _: error(400, b"[" * 60_000), refused(400)),
    Scenario("shape-5000-digits", lambda _: error(400, b'{"message": %b}' % (b"9" * 5_000)), refused(400)),
    Scenario("shape-twice", lambda _: error(400, to_json({"message": WORDS}) * 2), refused(400)),
    Scenario(
        "shape-repeated-keys",
        lambda _: error(400, b'{"message": "zq00000", "message": "zq00000 2", "code": 1, "code": "a b"}'),
        refused(400),
    ),
    Scenario(
        "key-escaped",
        lambda _: error(400, b'{"message": "%b"}' % _escaped(_KEY)),
        refused(400),
    ),
    Scenario(
        "key-in-every-place",
        lambda _: error(
            500, to_json({"error": {"message": _KEY, "code": _KEY, "type": _KEY, "param": _KEY}})
        ),
        refused(500),
    ),
    Scenario("key-as-text", lambda _: error(400, f"authorization: Bearer {_KEY}".encode()), refused(400)),
    Scenario(
        "key-in-fields",
        lambda honest: honest.counted(b"x-key: " + _KEY.encode(), b"server: " + _KEY.encode()),
        COMPLETES,
    ),
)
