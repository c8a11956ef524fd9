"""Bodies that are compressed, or in another encoding than UTF-8."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection
from functools import cache

from tests.hostile_upstream.honest import Honest, error, to_json
from tests.hostile_upstream.markers import FOREIGN, WORDS
from tests.hostile_upstream.scenario import BROKEN, COMPLETES, INVALID, Expectation, Scenario, refused
from tests.hostile_upstream.way import ALL, NOT_STREAMED, Way

_ERROR = to_json({"error": {"message": f"{WORDS} says no", "code": FOREIGN}})
_MAYBE = refused((400, 502))


@cache
def _bomb() -> bytes:
    """100 MB of spaces."""
    return gzip.compress(b" " * 100_000_000)


def _coded(name: str, coding: bytes, expect: Expectation = INVALID) -> Scenario:
    """The body is honest; only its head says otherwise."""
    return Scenario(f"claims-{name}", lambda honest: honest.counted(b"Content-Encoding: " + coding), expect)


def _in(charset: str, expect: Expectation = BROKEN, ways: Collection[Way] = ALL) -> Scenario:
    return Scenario(
        f"in-{charset}", lambda honest: honest.of(honest.content.decode().encode(charset)), expect, ways
    )


def _error_in(charset: str) -> Scenario:
    return Scenario(
        f"error-in-{charset}", lambda _: error(400, _ERROR.decode().encode(charset)), refused(400)
    )


def _error_bytes(name: str, content: bytes, *fields: bytes, expect: Expectation = _MAYBE) -> Scenario:
    return Scenario(f"error-{name}", lambda _: error(400, content, *fields), expect)


def _gzipped(honest: Honest, *fields: bytes) -> bytes:
    return honest.of(gzip.compress(honest.content), *fields)


SCENARIOS = (
    _coded("gzip", b"gzip"),
    _coded("deflate", b"deflate"),
    _coded("br", b"br"),
    _coded("zstd", b"zstd"),
    _coded("aws-chunked", b"aws-chunked"),
    _coded("foreign", b"zq00000"),
    _coded("20kB", b"zq00000" * 2_900),
    _coded("many", b"gzip, " * 50 + b"gzip"),
    _coded("nothing", b"", COMPLETES),
    _coded("identity", b"identity", COMPLETES),
    _coded("identity-in-capitals", b"IDENTITY", COMPLETES),
    _coded("identity-then-gzip", b"identity\r\nContent-Encoding: gzip", INVALID),
    Scenario("gzip", lambda honest: _gzipped(honest, b"Content-Encoding: gzip"), INVALID),
    Scenario("gzip-unsaid", lambda honest: _gzipped(honest), BROKEN),
    Scenario(
        "deflate",
        lambda honest: honest.of(zlib.compress(honest.content), b"Content-Encoding: deflate"),
        INVALID,
    ),
    Scenario("gzip-bomb", lambda honest: honest.of(_bomb(), b"Content-Encoding: gzip"), INVALID),
    Scenario("gzip-bomb-unsaid", lambda honest: honest.of(_bomb()), BROKEN),
    _in("utf-16"),
    _in("utf-16-le"),
    _in("utf-32"),
    _in("utf-8-sig", INVALID, NOT_STREAMED),
    _in("cp037"),
    Scenario("in-latin-1", lambda honest: honest.of(honest.saying(b"P\xe4ris")), INVALID),
    Scenario("bytes-ff", lambda honest: honest.of(b"\xff" * 1000), BROKEN),
    Scenario("overlong", lambda honest: honest.of(honest.saying(b"\xc0\xaf")), INVALID),
    Scenario(
        "surrogates-in-utf-8",
        lambda honest: honest.of(honest.saying(b"\xed\xa0\x80")),
        INVALID,
    ),
    Scenario(
        "cut-in-a-character",
        lambda honest: honest.of(honest.saying("ä".encode()[:1])),
        INVALID,
    ),
    _error_in("utf-16"),
    _error_in("utf-16-be"),
    _error_in("utf-32"),
    _error_in("utf-8-sig"),
    _error_in("cp037"),
    _error_bytes("gzip", gzip.compress(_ERROR), b"Content-Encoding: gzip"),
    _error_bytes("gzip-unsaid", gzip.compress(_ERROR), expect=refused(400)),
    _error_bytes("claims-gzip", _ERROR, b"Content-Encoding: gzip"),
    _error_bytes("claims-foreign", _ERROR, b"Content-Encoding: zq00000"),
    _error_bytes("not-utf-8", b'{"message": "zq00000 \xff\xfe"}', expect=refused(400)),
    _error_bytes("bytes-ff", b"\xff" * 1000, expect=refused(400)),
    _error_bytes("nuls", bytes(1000), expect=refused(400)),
    Scenario("error-gzip-bomb", lambda _: error(400, _bomb(), b"Content-Encoding: gzip"), _MAYBE),
    Scenario(
        "error-429-gzip",
        lambda _: error(429, gzip.compress(_ERROR), b"Content-Encoding: gzip"),
        refused((429, 502)),
    ),
    Scenario(
        "error-401-gzip",
        lambda _: error(401, gzip.compress(_ERROR), b"Content-Encoding: gzip"),
        refused((503, 502)),
    ),
)
