"""A body with Content-Encoding is decoded to at most the limit, and anything but one member of gzip is refused."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.core.errors import InvalidRequestError
from chat_gateway.http_api import content_encoding, http_request
from chat_gateway.http_api.content_encoding import (
    DecodedBodyTooLargeError,
    UnsupportedContentEncodingError,
    decoded,
)
from tests.unit.chat_gateway.api_calls import COMPLETION, event, ok
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.conftest import Asking

LIMIT = 10_000
PLAIN = json.dumps(VALID).encode()
CODED = gzip.compress(PLAIN, mtime=0)


@given(st.binary(max_size=LIMIT), st.integers(min_value=0, max_value=9))
def test_gzip_is_decoded(content: bytes, level: int) -> None:
    """Whatever was compressed is read."""
    assert decoded(gzip.compress(content, level), ["gzip"], max_bytes=LIMIT) == content


@given(st.binary(max_size=200), st.sampled_from([b"", CODED[:10], CODED[:-8], CODED]))
def test_any_bytes_are_read_or_refused(rest: bytes, start: bytes) -> None:
    """Hostile bytes end in an error for the caller, and what is read is what another reader reads."""
    try:
        found = decoded(start + rest, ["gzip"], max_bytes=LIMIT)
    except (InvalidRequestError, DecodedBodyTooLargeError):
        return
    assert found == gzip.decompress(start + rest)


@given(st.lists(st.text(max_size=20), max_size=4))
def test_any_header_is_read_or_refused(values: list[str]) -> None:
    """Every value is no coding, gzip, or refused."""
    try:
        found = decoded(CODED, values, max_bytes=LIMIT)
    except UnsupportedContentEncodingError:
        return
    assert found in (CODED, PLAIN)


@pytest.mark.parametrize("values", [["gzip"], ["GZIP"], [" x-gzip "], ["identity, gzip"], ["gzip", ""]])
def test_names_of_gzip(values: list[str]) -> None:
    """Names of codings have no case, and identity is none."""
    assert decoded(CODED, values, max_bytes=LIMIT) == PLAIN


@pytest.mark.parametrize("values", [["identity"], [""], [], ["identity", "IDENTITY"]])
def test_no_coding(values: list[str]) -> None:
    """Without a coding the body is as it was sent."""
    assert decoded(PLAIN, values, max_bytes=LIMIT) == PLAIN


@pytest.mark.parametrize(
    "values", [["br"], ["deflate"], ["zstd"], ["gzip, gzip"], ["gzip", "gzip"], ["gzip;q=1"], ["gzip br"]]
)
def test_other_codings_are_refused(values: list[str]) -> None:
    """The error names gzip, in its text and in a header."""
    with pytest.raises(UnsupportedContentEncodingError, match="gzip") as caught:
        decoded(CODED, values, max_bytes=LIMIT)
    assert (caught.value.status, caught.value.headers()["accept-encoding"]) == (415, "gzip")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (CODED[:-1], "ends before"),
        (CODED[:12], "ends before"),
        (CODED[:3], "ends before"),
        (CODED + b"\0", "goes on after"),
        (CODED + CODED, "goes on after"),
        (CODED[:-8] + bytes(8), "not valid gzip"),
        (CODED[:-4] + bytes(4), "not valid gzip"),
        (CODED[:2] + b"\x07" + CODED[3:], "not valid gzip"),
        (zlib.compress(PLAIN), "not valid gzip"),
        (zlib.compress(PLAIN)[2:-4], "not valid gzip"),
        (PLAIN, "not valid gzip"),
    ],
)
def test_what_is_not_one_member_of_gzip(content: bytes, says: str) -> None:
    """Bytes that two readers could read differently are refused, and the error says why."""
    with pytest.raises(InvalidRequestError, match=says) as caught:
        decoded(content, ["gzip"], max_bytes=LIMIT)
    assert caught.value.code == "invalid_gzip"


@pytest.mark.parametrize(("size", "passes"), [(LIMIT - 1, True), (LIMIT, True), (LIMIT + 1, False)])
def test_the_limit_is_on_the_decoded_body(size: int, passes: bool) -> None:
    """A body of exactly the limit passes, and one more byte does not."""
    coded = gzip.compress(b" " * size)
    if passes:
        assert len(decoded(coded, ["gzip"], max_bytes=LIMIT)) == size
    else:
        with pytest.raises(DecodedBodyTooLargeError, match="decoded"):
            decoded(coded, ["gzip"], max_bytes=LIMIT)


def test_a_bomb_takes_no_memory() -> None:
    """A body that decodes to a thousand times the limit is not decoded beyond it."""
    bomb = gzip.compress(b" " * 1000 * LIMIT)
    tracemalloc.start()
    try:
        with pytest.raises(DecodedBodyTooLargeError):
            decoded(bomb, ["gzip"], max_bytes=LIMIT)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 20 * LIMIT


def test_an_empty_body_needs_no_coding() -> None:
    """A request without a body is read as empty, whatever its header says."""
    request = http_request.read({**event(b""), "multiValueHeaders": {"Content-Encoding": ["gzip"]}})
    assert request.body(max_bytes=LIMIT) == b""


def test_an_encoded_chat_is_answered(asking: Asking) -> None:
    """The function answers a chat completion whose body is gzip."""
    status, _, body = asking(ok).handle(event(CODED, headers={"Content-Encoding": ["gzip"]}))
    assert (status, body) == (200, COMPLETION)


@pytest.mark.parametrize(
    ("coding", "content", "status", "code"),
    [
        ("br", CODED, 415, "unsupported_content_encoding"),
        ("gzip", PLAIN, 400, "invalid_gzip"),
        ("gzip", gzip.compress(b" " * 5_000_000), 413, "request_too_large"),
    ],
)
def test_the_log_says_why(
    asking: Asking, log: StringIO, coding: str, content: bytes, status: int, code: str
) -> None:
    """The log line has the code and the class of the error, and nothing of the header or the body."""
    answered, _, body = asking(ok).handle(event(content, headers={"Content-Encoding": [coding]}))
    assert (answered, body["error"]["code"]) == (status, code)
    line = json.loads(log.getvalue())
    assert (line["status"], line["error_code"]) == (status, code)
    assert line["error_class"] in ("InvalidRequestError", *vars(content_encoding))
