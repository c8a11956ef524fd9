"""Every kind of status, each with its own text."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile_upstream.honest import error, head, to_json
from tests.hostile_upstream.markers import WORDS
from tests.hostile_upstream.scenario import (
    BROKEN,
    INVALID,
    LATE,
    LOST,
    Expectation,
    Scenario,
    refused,
)
from tests.hostile_upstream.script import Close, Silence

_ERROR = to_json(
    {"error": {"message": f"{WORDS} says no", "type": "a_type", "param": None, "code": "a_code"}}
)
_CLIENT = (400, 402, *range(404, 419), *range(421, 427), 428, 429, 431, 451, 494, 499)
_SERVER = (500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 529, 550, 598, 599)
_SUCCESSES = (201, 202, 203, 205, 206, 207, 208, 226, 299)
_REDIRECTS = (300, 301, 302, 303, 305, 307, 308, 399)
_UNKNOWN = (600, 601, 699, 700, 800, 999)
_NO_STATUSES = ("000", "099", "20", "2000", "-20", "2OO", "+20", "0200", "", "%32", "2 0", "٢٠٠")
_CREDENTIALS = refused((403, 503), "upstream_access_denied", "upstream_credentials_invalid")


def _erring(status: int, expect: Expectation, *fields: bytes) -> Scenario:
    return Scenario(f"{status}", lambda _: error(status, _ERROR, *fields), expect)


def _honest_as(status: int) -> Scenario:
    line = f"HTTP/1.1 {status} Status".encode()
    return Scenario(f"{status}", lambda honest: honest.counted(status=line), INVALID)


def _redirect(status: int) -> Scenario:
    fields = (f"Location: https://bedrock.example/{WORDS}".encode(), b"Refresh: 0; url=/zq00000")
    return _erring(status, INVALID, *fields)


def _no_status(text: str) -> Scenario:
    line = f"HTTP/1.1 {text} OK".encode()
    return Scenario(
        f"no-{text.encode().hex()}", lambda honest: (honest.counted(status=line), Close()), BROKEN
    )


def _interim_only(status: int) -> Scenario:
    return Scenario(
        f"{status}-only",
        lambda _: (head(f"HTTP/1.1 {status} {WORDS}".encode()), Silence()),
        LATE if status != 101 else BROKEN,
    )


def _all() -> Iterator[Scenario]:
    yield from map(_interim_only, (100, 101, 102, 103, 199))
    yield from map(_honest_as, _SUCCESSES)
    yield from map(_redirect, _REDIRECTS)
    yield from (_erring(status, refused(status)) for status in (*_CLIENT, *_SERVER))
    yield from (_erring(status, _CREDENTIALS) for status in (401, 403))
    yield from (_erring(status, INVALID) for status in _UNKNOWN)
    yield from map(_no_status, _NO_STATUSES)


SCENARIOS = (
    *_all(),
    Scenario("200-error", lambda honest: honest.of(_ERROR), INVALID, streamed=LOST),
    Scenario(
        "200-error-as-event",
        lambda honest: honest.of(b"data: " + _ERROR + b"\n\n"),
        INVALID,
        streamed=refused(502, "a_code"),
    ),
    Scenario(
        "200-unknown-operation",
        lambda honest: honest.of(to_json({"Output": {"__type": f"{WORDS}#UnknownOperationException"}})),
        INVALID,
        streamed=LOST,
    ),
    Scenario(
        "200-completion-and-error",
        lambda honest: honest.of(to_json({"choices": [], "error": {"message": WORDS}})),
        INVALID,
        streamed=LOST,
    ),
    Scenario("204", lambda _: head(b"HTTP/1.1 204 No Content"), INVALID),
    Scenario("204-with-body", lambda honest: (honest.counted(status=b"HTTP/1.1 204 None"), Close()), INVALID),
    Scenario("304", lambda _: head(b"HTTP/1.1 304 Not Modified", b"ETag: zq00000"), INVALID),
    Scenario("304-with-length", lambda _: head(b"HTTP/1.1 304 Same", b"Content-Length: 500"), INVALID),
    Scenario(
        "206-range",
        lambda honest: honest.counted(b"Content-Range: bytes 0-5/9999", status=b"HTTP/1.1 206 Partial"),
        INVALID,
    ),
    Scenario(
        "407-proxy",
        lambda _: error(407, b"zq00000", b"Proxy-Authenticate: Basic realm=zq00000"),
        refused(407),
    ),
    Scenario("reason-foreign", lambda _: head(b"HTTP/1.1 400 zq00000", b"Content-Length: 0"), refused(400)),
    Scenario(
        "reason-not-ascii",
        lambda _: head("HTTP/1.1 400 zq00000 schön".encode(), b"Content-Length: 0"),
        refused(400),
    ),
    Scenario(
        "reason-with-nul",
        lambda _: head(b"HTTP/1.1 400 zq00000\0", b"Content-Length: 0"),
        refused((400, 502)),
    ),
    Scenario("no-reason", lambda _: head(b"HTTP/1.1 400", b"Content-Length: 0"), refused((400, 502))),
)
