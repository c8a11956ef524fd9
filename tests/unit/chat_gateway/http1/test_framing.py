"""Requests from httpx's client are sent exactly as their head says, or refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.http1 import framing
from chat_gateway.http1.body import ChunkedBody
from chat_gateway.http1.transport import KeptConnections

PIECES = st.lists(st.binary(max_size=20), max_size=8)


class Pieces(httpx.SyncByteStream):
    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)


class AsyncPieces(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b""


def request(*fields: tuple[str, str], method: str = "POST", content: bytes = b"hello") -> httpx.Request:
    headers = [("host", "server.test"), *fields]
    return httpx.Request(method, "http://server.test/", headers=headers, stream=Pieces(content))


@given(PIECES)
def test_chunks(pieces: list[bytes]) -> None:
    """A body in chunks arrives unchanged, however it is divided, and has an end."""
    body, sent = ChunkedBody(), framing.body(httpx.Request("POST", "http://a", content=iter(pieces)))
    assert b"".join(map(body.feed, sent)) == b"".join(pieces)
    assert body.can_be_followed


@given(PIECES)
def test_counted_pieces(pieces: list[bytes]) -> None:
    """A body with a content length is sent unchanged."""
    content = b"".join(pieces)
    made = httpx.Request(
        "POST", "http://a", headers={"content-length": str(len(content))}, content=iter(pieces)
    )
    assert b"".join(framing.body(made)) == content


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (request(("content-length", "4")), "body longer"),
        (request(("content-length", "6")), "body shorter"),
        (request(), "body longer"),
        (request(("content-length", "-5")), "an invalid length"),
        (request(("content-length", "five")), "an invalid length"),
        (request(("content-length", "5"), ("content-length", "5")), "content-length twice"),
        (request(("content-length", "5"), ("transfer-encoding", "chunked")), "a length together with it"),
        (request(("transfer-encoding", "gzip, chunked")), "other than chunked"),
        (request(("content-length", "5"), ("host", "other.test")), "host twice"),
        (request(("content-length", "5"), method="CONNECT"), "a method"),
        (request(("content-length", "5"), method="PO ST"), "a method"),
        (request(("content-length", "5"), method="PÖST"), "a method"),
        (httpx.Request("GET", "http://a", stream=Pieces()), "without Host"),
        (httpx.Request("GET", "http://a", headers={"host": "a"}, stream=AsyncPieces()), "asynchronous"),
    ],
)
def test_refusals(made: httpx.Request, words: str) -> None:
    """A request that HTTP/1.1 cannot carry is refused with a reason, before its last byte is sent."""
    with pytest.raises(httpx.LocalProtocolError, match=words) as caught:
        b"".join(framing.body(made))
    assert caught.value.request is made


def test_a_refusal_connects_to_nobody() -> None:
    """A request with a wrong head opens no connection."""
    with pytest.raises(httpx.LocalProtocolError):
        KeptConnections().handle_request(request(method="CONNECT"))


@pytest.mark.parametrize(
    ("wish", "is_last"), [("close", True), ("x, Close", True), ("keep-alive", False), ("closed", False)]
)
def test_the_last_request(wish: str, is_last: bool) -> None:
    """Only the option `close` ends the connection."""
    assert framing.is_last(request(("connection", wish))) is is_last
