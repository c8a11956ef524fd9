"""Too large bodies, heads, lines and fields, and too many interim answers."""

from __future__ import annotations

from dataclasses import replace

from tests.hostile_upstream.honest import (
    DONE,
    chunk,
    chunk_object,
    completion,
    error,
    event,
    head,
    to_json,
)
from tests.hostile_upstream.markers import WORDS
from tests.hostile_upstream.scenario import (
    BROKEN,
    COMPLETES,
    INVALID,
    LATE,
    LOST,
    TOO_LARGE,
    Expectation,
    Scenario,
    completes,
    of_content,
    refused,
)
from tests.hostile_upstream.script import BLOCK, Endless, Silence, Slowly, Step
from tests.hostile_upstream.way import NOT_STREAMED, STREAMED

_KIB, _MIB = 1024, 1024 * 1024
_INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
# Too much to be read, or not read in time.
_TOO_MUCH = refused((502, 504))
_ERROR_HEAD = head(b"HTTP/1.1 400 Bad", b"Content-Type: application/json", b"Connection: close")


def _fields(count: int, size_bytes: int) -> tuple[bytes, ...]:
    return tuple(b"x-%d: " % number + b"v" * size_bytes for number in range(count))


def _heads(name: str, fields: tuple[bytes, ...], expect: Expectation) -> Scenario:
    return Scenario(f"head-{name}", lambda honest: honest.counted(*fields), expect)


def _interims(count: int, expect: Expectation) -> Scenario:
    return Scenario(f"interims-{count}", lambda honest: _INTERIM * count + honest.counted(), expect)


def _completion(mib: int, expect: Expectation, *, as_job: Expectation | None = None) -> Scenario:
    """A completion of that size."""
    content = to_json(completion(_filling(mib)))
    return replace(of_content(f"completion-{mib}MB", content, expect, NOT_STREAMED), as_job=as_job)


def _filling(mib: int) -> str:
    """The words that give a completion that size."""
    return "y" * (mib * _MIB - len(to_json(completion(""))))


def _sized_event(size_bytes: int) -> bytes:
    long = event(chunk_object("y" * size_bytes))
    return long + DONE


def _endless_error(*steps: Step) -> tuple[Step, ...]:
    return (_ERROR_HEAD, *steps)


SCENARIOS = (
    Scenario("endless-uncounted", lambda honest: (honest.head(), Endless(BLOCK)), _TOO_MUCH),
    Scenario(
        "endless-counted",
        lambda honest: (honest.head(b"Content-Length: 999999999999"), Endless(BLOCK)),
        _TOO_MUCH,
    ),
    Scenario("endless-chunked", lambda honest: (honest.chunked_head(), Endless(chunk(BLOCK))), _TOO_MUCH),
    Scenario(
        "endless-tiny-chunks", lambda honest: (honest.chunked_head(), Endless(b"1\r\nx\r\n")), _TOO_MUCH
    ),
    Scenario(
        "endless-one-chunk",
        lambda honest: (honest.chunked_head() + b"fffffffff\r\n", Endless(BLOCK)),
        _TOO_MUCH,
    ),
    Scenario(
        "endless-chunk-extension",
        lambda honest: (honest.chunked_head() + b"5;", Endless(BLOCK)),
        BROKEN,
    ),
    Scenario("endless-chunk-size", lambda honest: (honest.chunked_head(), Endless(b"0" * 1000)), BROKEN),
    Scenario(
        "endless-trailers",
        lambda honest: (honest.chunked_head() + chunk(honest.content) + b"0\r\n", Endless(b"a: zq00000\r\n")),
        LATE,
        streamed=COMPLETES,
    ),
    Scenario(
        "endless-trailer",
        lambda honest: (honest.chunked_head() + chunk(honest.content) + b"0\r\nx: ", Endless(BLOCK)),
        LOST,
        streamed=COMPLETES,
    ),
    Scenario("endless-status-line", lambda _: (b"HTTP/1.1 200 ", Endless(BLOCK)), BROKEN),
    Scenario("endless-bytes", lambda _: (Endless(bytes(1000)),), BROKEN),
    Scenario("endless-line-breaks", lambda _: (Endless(b"\r\n"),), BROKEN),
    Scenario("endless-field", lambda honest: (honest.head()[:-2] + b"x: ", Endless(BLOCK)), BROKEN),
    Scenario("endless-field-name", lambda honest: (honest.head()[:-2], Endless(BLOCK)), BROKEN),
    Scenario("endless-fields", lambda honest: (honest.head()[:-2], Endless(b"x: y\r\n")), BROKEN),
    Scenario("endless-interims", lambda _: (Endless(_INTERIM),), BROKEN),
    Scenario(
        "endless-interims-with-fields",
        lambda _: (Endless(head(b"HTTP/1.1 103 Early Hints", b"Link: <zq00000>")),),
        BROKEN,
    ),
    Scenario("slow-interims", lambda _: (Endless(_INTERIM, pause_s=0.05),), refused((502, 504))),
    _interims(1, COMPLETES),
    _interims(8, COMPLETES),
    _interims(9, BROKEN),
    _interims(1000, BROKEN),
    Scenario(
        "interim-with-length",
        lambda honest: head(b"HTTP/1.1 102 Processing", b"Content-Length: 5") + honest.counted(),
        COMPLETES,
    ),
    Scenario(
        "interim-500-fields",
        lambda honest: head(b"HTTP/1.1 103 Early Hints", *_fields(500, 10)) + honest.counted(),
        BROKEN,
    ),
    Scenario("interim-101", lambda _: (head(b"HTTP/1.1 101 Switching", b"Upgrade: h2c"), Silence()), BROKEN),
    _heads("100kB-field", _fields(1, 100_000), BROKEN),
    _heads("60kB-field", _fields(1, 60_000), COMPLETES),
    _heads("98-fields", _fields(98, 10), COMPLETES),
    _heads("101-fields", _fields(101, 10), BROKEN),
    _heads("10000-fields", _fields(10_000, 10), BROKEN),
    _heads("99-fields-1kB", _fields(99, 1000), BROKEN),
    _heads("50-fields-1kB", _fields(50, 1000), COMPLETES),
    _heads("field-name-20kB", (b"n" * 20_000 + b": v",), COMPLETES),
    _heads("same-field-90-times", (b"content-type: text/plain",) * 90, COMPLETES),
    Scenario(
        "status-line-100kB",
        lambda honest: honest.counted(status=b"HTTP/1.1 200 " + b"O" * 100_000),
        BROKEN,
    ),
    Scenario(
        "status-line-20kB",
        lambda honest: honest.counted(status=b"HTTP/1.1 200 " + WORDS.encode() * 2_800),
        COMPLETES,
    ),
    _completion(5, completes(_filling(5))),
    _completion(7, TOO_LARGE, as_job=completes(_filling(7))),
    _completion(9, TOO_LARGE),
    Scenario(
        "completion-60MB",
        lambda honest: (
            honest.head(b"Connection: close") + b'{"choices": [], "a": "',
            Endless(BLOCK, most_bytes=60 * _MIB),
        ),
        _TOO_MUCH,
        ways=NOT_STREAMED,
    ),
    Scenario(
        "spaces-7MB",
        lambda honest: honest.of(b" " * 7 * _MIB + honest.content),
        TOO_LARGE,
        as_job=COMPLETES,
        ways=NOT_STREAMED,
    ),
    Scenario(
        "event-500kB",
        lambda honest: honest.of(_sized_event(500_000)),
        completes("y" * 500_000),
        ways=STREAMED,
    ),
    Scenario("event-2MB", lambda honest: honest.of(_sized_event(2 * _MIB)), INVALID, ways=STREAMED),
    Scenario(
        "event-endless-data",
        lambda honest: (honest.chunked_head() + chunk(b"data: "), Endless(chunk(BLOCK))),
        INVALID,
        ways=STREAMED,
    ),
    Scenario(
        "event-endless-data-lines",
        lambda honest: (honest.chunked_head(), Endless(chunk(b"data: x\n" * 1000))),
        INVALID,
        ways=STREAMED,
    ),
    Scenario(
        "event-endless-with-cr",
        lambda honest: (honest.chunked_head() + chunk(b"\r"), Endless(chunk(BLOCK))),
        INVALID,
        ways=STREAMED,
    ),
    Scenario(
        "event-endless-comment",
        lambda honest: (honest.chunked_head() + chunk(b": "), Endless(chunk(BLOCK))),
        INVALID,
        ways=STREAMED,
    ),
    Scenario(
        "event-endless-after-one",
        lambda honest: (honest.chunked_head() + chunk(event(chunk_object("Paris"))), Endless(chunk(BLOCK))),
        INVALID,
        ways=STREAMED,
    ),
    Scenario(
        "events-100000",
        lambda honest: honest.of(event({"choices": []}) * 100_000 + DONE),
        completes(""),
        ways=STREAMED,
    ),
    Scenario(
        "events-100000-empty",
        lambda honest: honest.of(b"\n" * 200_000 + honest.content),
        COMPLETES,
        ways=STREAMED,
    ),
    Scenario(
        "events-endless",
        lambda honest: (honest.chunked_head(), Endless(chunk(event(chunk_object("x"))), pause_s=0.01)),
        LATE,
        ways=STREAMED,
    ),
    Scenario(
        "comments-endless",
        lambda honest: (honest.chunked_head(), Endless(chunk(b": zq00000\n\n"), pause_s=0.01)),
        LATE,
        ways=STREAMED,
    ),
    Scenario(
        "done-then-endless",
        lambda honest: (honest.chunked_head() + chunk(honest.content), Endless(chunk(b"data: {}\n\n"))),
        COMPLETES,
        ways=STREAMED,
    ),
    Scenario("error-endless", lambda _: _endless_error(Endless(BLOCK)), refused((400, 502, 504))),
    Scenario(
        "error-endless-chunked",
        lambda _: (
            head(b"HTTP/1.1 400 Bad", b"Transfer-Encoding: chunked"),
            Endless(chunk(b"zq00000 " * 1000)),
        ),
        refused((400, 502, 504)),
    ),
    Scenario(
        "error-counted-1GB",
        lambda _: (head(b"HTTP/1.1 400 Bad", b"Content-Length: 1000000000"), Endless(BLOCK)),
        refused((400, 502, 504)),
    ),
    Scenario(
        "error-slow-endless",
        lambda _: _endless_error(Endless(b"zq00000 ", pause_s=0.02)),
        refused((400, 502, 504)),
    ),
    Scenario(
        "error-60kB-message",
        lambda _: error(400, to_json({"error": {"message": "zq00000 " * 7_500}})),
        refused(400),
    ),
    Scenario(
        "error-200kB-message",
        lambda _: error(400, to_json({"error": {"message": "zq00000 " * 25_000}})),
        refused(400),
    ),
    Scenario(
        "error-429-endless",
        lambda _: (head(b"HTTP/1.1 429 Slow", b"Connection: close"), Endless(BLOCK)),
        refused((429, 502, 504)),
    ),
    Scenario(
        "error-401-endless",
        lambda _: (head(b"HTTP/1.1 401 No", b"Connection: close"), Endless(BLOCK)),
        refused((503, 502, 504)),
    ),
    Scenario(
        "head-byte-by-byte",
        lambda honest: (Slowly(honest.counted_head()), honest.content),
        COMPLETES,
    ),
    Scenario("body-byte-by-byte", lambda honest: (Slowly(honest.counted()),), COMPLETES),
    Scenario("chunks-byte-by-byte", lambda honest: (Slowly(honest.chunked()),), COMPLETES),
)
