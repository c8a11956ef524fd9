"""Malformed heads, and fields with foreign text."""

from __future__ import annotations

from tests.hostile_upstream.honest import OK, Honest
from tests.hostile_upstream.scenario import (
    BROKEN,
    COMPLETES,
    INVALID,
    LOST,
    Expectation,
    Scenario,
)
from tests.hostile_upstream.script import Close


def _field(name: str, field: bytes, expect: Expectation = COMPLETES) -> Scenario:
    """The field in an honest head."""
    return Scenario(name, lambda honest: (honest.counted(field), Close()), expect)


def _status_line(name: str, line: bytes, expect: Expectation = COMPLETES) -> Scenario:
    return Scenario(f"line-{name}", lambda honest: (honest.counted(status=line), Close()), expect)


def _with_ends(honest: Honest, end: bytes) -> bytes:
    """The honest head with another line end."""
    head = honest.counted_head()
    return head.replace(b"\r\n", end) + honest.content


SCENARIOS = (
    _field("folded", b"X-A: zq00000\r\n zq00000", BROKEN),
    _field("folded-with-tab", b"X-A: zq00000\r\n\tzq00000", BROKEN),
    _field("folded-length", b"X-A:\r\n Content-Length: 3", BROKEN),
    _field("no-colon", b"zq00000", BROKEN),
    _field("no-name", b": zq00000", BROKEN),
    _field("no-value", b"X-A:"),
    _field("space-before-colon", b"Content-Length : 3", BROKEN),
    _field("space-before-name", b" X-A: zq00000", BROKEN),
    _field("name-not-ascii", "X-Ä: zq00000".encode(), BROKEN),
    _field("name-with-control", b"X-\x01: zq00000", BROKEN),
    _field("name-with-escape", b"X-\x1b[31m: zq00000", BROKEN),
    _field("name-with-quote", b'X"A: zq00000', BROKEN),
    _field("value-not-ascii", "X-A: zq00000 schön".encode()),
    _field("value-not-utf-8", b"X-A: zq00000 \xff\xfe"),
    _field("value-with-nul", b"X-A: zq00000\0", BROKEN),
    _field("value-with-control", b"X-A: zq00000\x01\x07\x1b[31m"),
    _field("value-with-delete", b"X-A: zq00000\x7f"),
    _field("value-with-cr", b"X-A: zq00000\rX-B: 1", LOST),
    _field("value-with-lf", b"X-A: zq00000\nX-B: 1"),
    _field("foreign-names", b"zq00000: 1\r\nx-zq00000: 2"),
    _field("foreign-fields", b"Server: zq00000\r\nSet-Cookie: zq00000=1\r\nVia: 1.1 zq00000"),
    _field("foreign-gateway-fields", b"X-Guardrail-Action: zq00000\r\nX-Client-Request-Id: zq00000"),
    _field("should-retry", b"X-Should-Retry: true\r\nRetry-After: zq00000"),
    _field("connection-foreign", b"Connection: zq00000, upgrade"),
    _field("connection-closes-in-a-list", b"Connection: zq00000, CLOSE"),
    _field("keep-alive-0", b"Keep-Alive: timeout=0, max=0"),
    _field("upgrade", b"Upgrade: h2c\r\nConnection: Upgrade"),
    _field("trailer-announced", b"Trailer: X-Amzn-RequestId, zq00000"),
    _field("content-range", b"Content-Range: bytes 0-1/2"),
    _field("location", b"Location: http://169.254.169.254/zq00000"),
    _field("alt-svc", b'Alt-Svc: h3=":443"'),
    Scenario(
        "type-foreign",
        lambda honest: honest.typed(b"text/zq00000"),
        COMPLETES,
        streamed=INVALID,
    ),
    Scenario(
        "type-missing",
        lambda honest: honest.counted().replace(b"Content-Type", b"X-Type"),
        COMPLETES,
        streamed=INVALID,
    ),
    Scenario(
        "type-empty",
        lambda honest: honest.typed(b""),
        COMPLETES,
        streamed=INVALID,
    ),
    Scenario(
        "type-20kB",
        lambda honest: honest.typed(b"zq00000" * 2_800),
        COMPLETES,
        streamed=INVALID,
    ),
    Scenario(
        "type-with-control",
        lambda honest: honest.typed(b"text/\x1b[31mzq00000"),
        COMPLETES,
        streamed=INVALID,
    ),
    Scenario(
        "type-in-capitals",
        lambda honest: honest.typed(honest.content_type.upper()),
        COMPLETES,
    ),
    _field("type-twice", b"Content-Type: text/zq00000"),
    _field("type-of-streams-prefix", b"X-A: text/event-streamzq00000"),
    _status_line("in-small-letters", b"http/1.1 200 OK", LOST),
    _status_line("two-spaces", b"HTTP/1.1  200 OK", BROKEN),
    _status_line("tabs", b"HTTP/1.1\t200\tOK", BROKEN),
    _status_line("no-status", b"HTTP/1.1", BROKEN),
    _status_line("version-1.2", b"HTTP/1.2 200 OK"),
    _status_line("version-11", b"HTTP/11 200 OK", BROKEN),
    _status_line("version-foreign", b"zq00000/1.1 200 OK", BROKEN),
    _status_line("with-nul", b"HTTP/1.1 200 O\0K"),
    _status_line("with-escape", b"HTTP/1.1 200 \x1b[31mzq00000"),
    _status_line("request", b"GET /zq00000 HTTP/1.1", BROKEN),
    Scenario("ends-are-lf", lambda honest: (_with_ends(honest, b"\n"), Close()), COMPLETES),
    Scenario("ends-are-cr", lambda honest: (_with_ends(honest, b"\r"), Close()), BROKEN),
    Scenario("ends-are-crcrlf", lambda honest: (_with_ends(honest, b"\r\r\n"), Close()), BROKEN),
    Scenario(
        "no-end",
        lambda honest: (honest.head(b"Content-Length: 9")[:-2] + honest.content, Close()),
        BROKEN,
    ),
    Scenario(
        "bare-status-line",
        lambda honest: (OK + b"\r\n\r\n" + honest.content, Close()),
        COMPLETES,
        streamed=INVALID,
    ),
    Scenario("bom", lambda honest: (b"\xef\xbb\xbf" + honest.counted(), Close()), BROKEN),
    Scenario("utf-16", lambda honest: (honest.counted().decode().encode("utf-16"), Close()), BROKEN),
    Scenario("html", lambda _: (b"<html><body>zq00000</body></html>", Close()), BROKEN),
)
