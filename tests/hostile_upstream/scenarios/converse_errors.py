"""Converse's error answers: every name, status and shape, with foreign text in each field."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from benchmarks import aws_answers
from tests.hostile_upstream.honest import error, head, to_json
from tests.hostile_upstream.markers import FOREIGN, WORDS
from tests.hostile_upstream.part import Part
from tests.hostile_upstream.scenario import INVALID, Expectation, Scenario, refused
from tests.hostile_upstream.way import NOT_STREAMED, STREAMED, Way

_KEY = aws_answers.KEY
_SAID = f"{WORDS} says no"
_CREDENTIALS = refused((403, 503), "upstream_access_denied", "upstream_credentials_invalid")
_KEY_REFUSED = refused(503, "upstream_credentials_invalid")
# A status and a name, and the caller's status and code.
_NAMED: Mapping[tuple[int, str], tuple[int, str | None]] = {
    (400, "ValidationException"): (400, None),
    (400, "ServiceQuotaExceededException"): (429, "rate_limit_exceeded"),
    (400, "ConflictException"): (400, None),
    (404, "ResourceNotFoundException"): (404, "model_not_found"),
    (408, "ModelTimeoutException"): (504, "gateway_timeout"),
    (424, "ModelErrorException"): (502, "model_error"),
    (429, "ThrottlingException"): (429, "rate_limit_exceeded"),
    (429, "ModelNotReadyException"): (503, "model_not_ready"),
    (500, "InternalServerException"): (500, None),
    (503, "ServiceUnavailableException"): (503, None),
    (418, "zq00000"): (418, None),
    (400, _KEY): (400, None),
}
_SAID_OF_KEY = (
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "ExpiredTokenException",
    "IncompleteSignature",
)
_ACCESS: Mapping[str, str] = {
    "repeats-key": f"The token Bearer {_KEY} is wrong",
    "model": f"You don't have access to the model {WORDS} with the specified model ID.",
    "guardrail": f"User: {WORDS} is not authorized to perform: bedrock:ApplyGuardrail on resource: arn:aws:bedrock:{_KEY}",
    "empty": "",
}
_DETAILS: Mapping[str, Any] = {
    "capital": {"Message": _SAID},
    "both": {"message": _SAID, "Message": WORDS},
    "number": {"message": 17},
    "list": [WORDS],
    "null": None,
    "key": {"message": f"Bearer {_KEY}", "code": _KEY, "type": _KEY, "param": _KEY},
    "prompt": {"message": f"You asked: What is the capital of {WORDS} prompt?"},
    "1MB": {"message": WORDS * 150_000},
    "model-error": {"message": _SAID, "originalStatusCode": 10**300, "resourceName": FOREIGN},
    "type-list": {"__type": [WORDS], "message": _SAID},
    "type-foreign": {"__type": f"{WORDS}#{FOREIGN}", "message": _SAID},
    "type-key": {"__type": f"a#{_KEY}", "message": _SAID},
    "surrogate": {"message": f"{WORDS}\ud800\x1b[31m"},
}
_CONTEXT = {"message": f"The model returned: {WORDS} prompt is too long: 7 tokens"}


def _of(name: str, answer: bytes, expect: Expectation, ways: Collection[Way] = NOT_STREAMED) -> Scenario:
    return Scenario(name, lambda _: answer, expect, ways=ways, part=Part.CONVERSE)


def _named() -> Iterator[Scenario]:
    """Each name in the header, and in the body."""
    ways = itertools.cycle(NOT_STREAMED)
    for (status, name), (shown, code) in _NAMED.items():
        field = f"x-amzn-errortype: {name}:http://internal.amazon.com/{WORDS}".encode()
        codes = (code,) if name != _KEY else ()
        expect = refused(shown, *codes)
        shorter = f"{status}-{name if name != _KEY else 'key'}"
        yield _of(
            f"header-{shorter}", error(status, to_json({"message": _SAID}), field), expect, (next(ways),)
        )
        document = {"__type": f"com.amazon.bedrock#{name}", "message": _SAID}
        yield _of(f"body-{shorter}", error(status, to_json(document)), expect, STREAMED)


def _refused() -> Iterator[Scenario]:
    for name in _SAID_OF_KEY:
        field, content = f"x-amzn-errortype: {name}".encode(), to_json({"message": f"{_SAID} {_KEY}"})
        for status, asked in ((400, Way.STREAM), (403, Way.WHOLE)):
            yield _of(f"{status}-{name}", error(status, content, field), _KEY_REFUSED, (asked,))
    for status in (401, 403):
        for name, text in _ACCESS.items():
            field = b"x-amzn-errortype: AccessDeniedException"
            yield _of(f"{status}-{name}", error(status, to_json({"message": text}), field), _CREDENTIALS)


def _shapes() -> Iterator[Scenario]:
    field = b"x-amzn-errortype: ValidationException"
    for name, detail in _DETAILS.items():
        yield _of(f"shape-{name}", error(400, to_json(detail), field), refused(400), STREAMED)
    yield _of("context", error(400, to_json(_CONTEXT), field), refused(400, "context_length_exceeded"))
    yield _of("html", error(503, b"<html>zq00000</html>"), refused(503))
    yield _of("deep", error(500, b'{"__type":' * 9_000), refused(500), STREAMED)
    yield _of("retry-after", error(429, b"{}", b"retry-after: zq00000 soon"), refused(429))
    yield _of("retry-after-a-day", error(429, b"{}", b"retry-after: 86400"), refused(429))
    yield _of("id-foreign", error(404, b"{}", b"x-amzn-requestid: zq00000 & more"), refused(404))
    yield _of("id-key", error(404, b"{}", b"x-amzn-requestid: " + _KEY.encode()), refused(404), STREAMED)
    yield _of("redirect", error(307, b"", b"Location: http://bedrock.example/zq00000"), INVALID)
    yield _of("204", head(b"HTTP/1.1 204 No Content"), INVALID, (Way.WHOLE, Way.STREAM))
    yield _of("999", error(999, b"{}"), INVALID, STREAMED)


SCENARIOS = (*_named(), *_refused(), *_shapes())
