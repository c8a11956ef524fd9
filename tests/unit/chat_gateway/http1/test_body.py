"""However an answer's bytes are divided, its body is the same, and ends or raises an error."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.http1.body import Body, BodyError, ChunkedBody, CountedBody, UncountedBody

CHUNKS = st.lists(st.binary(min_size=1, max_size=40), max_size=8)
CUTS = st.lists(st.integers(1, 30), max_size=40)


def in_chunks(chunks: Sequence[bytes], *, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    coded = b"".join(b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks)
    return coded + b"0\r\n" + trailers + b"\r\n"


def fed(body: Body, sent: bytes, cuts: Sequence[int] = ()) -> bytes:
    """The output for `sent` in pieces of these sizes, and then the rest."""
    pieces = []
    for size in cuts:
        pieces.append(body.feed(sent[:size]))
        sent = sent[size:]
    pieces.append(body.feed(sent))
    return b"".join(pieces)


def states(body: Body) -> tuple[bool, bool]:
    return body.is_whole, body.can_be_followed


@given(
    CHUNKS,
    CUTS,
    st.sampled_from([b"", b"  ", b";a=b", b' ; x="y"']),
    st.sampled_from([b"", b"a: b\r\nc: d\n"]),
)
def test_chunks_are_joined_however_they_arrive(
    chunks: list[bytes], cuts: list[int], extension: bytes, trailers: bytes
) -> None:
    body = ChunkedBody()
    assert fed(body, in_chunks(chunks, extension=extension, trailers=trailers), cuts) == b"".join(chunks)
    assert states(body) == (True, True)
    body.end()


def test_chunks_that_come_together_go_on_together() -> None:
    assert ChunkedBody().feed(in_chunks([b"one", b"two", b"three"])) == b"onetwothree"


def test_part_of_a_chunk_goes_on_at_once() -> None:
    assert ChunkedBody().feed(b"5\r\nhe") == b"he"


@given(st.binary(max_size=60), CUTS)
def test_a_counted_body_ends_where_it_was_said_to(content: bytes, cuts: list[int]) -> None:
    body = CountedBody(len(content))
    assert fed(body, content, cuts) == content
    assert states(body) == (True, True)
    body.end()


@pytest.mark.parametrize(
    ("body", "sent"),
    [(ChunkedBody(), in_chunks([b"hi"]) + b"HTTP/1.1 200 OK"), (CountedBody(2), b"hiHTTP/1.1 200 OK")],
)
def test_what_follows_the_end_is_no_part_of_it_and_spoils_the_connection(body: Body, sent: bytes) -> None:
    assert body.feed(sent) == b"hi"
    assert states(body) == (True, False)


def test_a_body_that_ends_with_its_connection_leaves_none() -> None:
    body = UncountedBody()
    assert body.feed(b"hi") == b"hi"
    assert states(body) == (False, False)
    body.end()
    assert states(body) == (True, False)


def test_an_empty_counted_body_is_whole_before_anything_came() -> None:
    assert states(CountedBody(0)) == (True, True)


@given(CHUNKS, st.data())
def test_a_body_that_is_cut_off_anywhere_is_an_error(chunks: list[bytes], data: st.DataObject) -> None:
    coded, content = in_chunks(chunks), b"".join([*chunks, b"."])
    chunked, counted = ChunkedBody(), CountedBody(len(content))
    chunked.feed(coded[: data.draw(st.integers(0, len(coded) - 1))])
    counted.feed(content[: data.draw(st.integers(0, len(content) - 1))])
    for body in (chunked, counted):
        with pytest.raises(BodyError):
            body.end()


@pytest.mark.parametrize(
    "sent",
    [
        b"zz\r\n",
        b"\r\n",
        b"-1\r\n",
        b"+1\r\n",
        b"0x1\r\n",
        b"1_0\r\n",
        b"1" * 16 + b"\r\n",
        b"2\nhi\r\n",
        b"2\r\nhi\n",
        b"2;a\rb\r\n",
        b"2;a\n",
        b"2\r\nhi!\r\n",
        b"1;" + b"x" * 20_000,
    ],
)
def test_what_is_no_chunk_is_refused(sent: bytes) -> None:
    with pytest.raises(BodyError):
        ChunkedBody().feed(sent)


@given(st.lists(st.binary(max_size=50)))
def test_any_bytes_are_a_body_or_an_error(pieces: list[bytes]) -> None:
    body = ChunkedBody()
    with contextlib.suppress(BodyError):
        for piece in pieces:
            assert len(body.feed(piece)) <= len(piece)
        body.end()
