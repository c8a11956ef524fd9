"""The head of an answer gives its final status and the end of its body, or an error."""

from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.http1 import head as http_head
from chat_gateway.http1.body import ChunkedBody, CountedBody, UncountedBody
from chat_gateway.http1.head import Head, HeadError


def read(sent: bytes) -> Head:
    return http_head.read(io.BufferedReader(io.BytesIO(sent)))


def with_fields(*fields: bytes, status: bytes = b"200 OK") -> bytes:
    return b"\r\n".join([b"HTTP/1.1 " + status, *fields, b"", b""])


def test_fields_keep_order_and_repeats() -> None:
    """Fields keep order and repeats; names become lower case, and values lose the blanks around them."""
    head = read(with_fields(b"X-Id:7", b"Set-Cookie: a", b"set-cookie: \t b ", b"X-None:"))
    assert head == Head(
        200, [(b"x-id", b"7"), (b"set-cookie", b"a"), (b"set-cookie", b"b"), (b"x-none", b"")], is_last=False
    )


@pytest.mark.parametrize("first", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200\r\n", b"HTTP/1.1 200 \n"])
def test_a_reason_is_not_needed(first: bytes) -> None:
    assert read(first + b"\r\n").status == 200


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_interim_answers_are_not_taken_for_the_answer(interim: str) -> None:
    early = with_fields(b"link: </a>", b"content-length: 9", status=interim.encode())
    head = read(early * 2 + with_fields(b"x-id: 7", status=b"429 Slow down"))
    assert (head.status, head.fields) == (429, [(b"x-id", b"7")])


@pytest.mark.parametrize(
    ("sent", "is_last"),
    [
        (with_fields(), False),
        (with_fields(b"connection: keep-alive"), False),
        (with_fields(b"connection: Close"), True),
        (with_fields(b"connection: x", b"connection: y, close"), True),
        (b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n\r\n", True),
    ],
)
def test_it_says_whether_the_connection_is_of_use_afterwards(sent: bytes, is_last: bool) -> None:
    assert read(sent).is_last is is_last


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (with_fields(b"content-length: 5"), CountedBody),
        (with_fields(b"content-length: 5", b"content-length: 5"), CountedBody),
        (with_fields(b"transfer-encoding: Chunked"), ChunkedBody),
        (with_fields(), UncountedBody),
        (with_fields(status=b"204 No Content"), CountedBody),
    ],
)
def test_it_says_how_the_body_ends(sent: bytes, kind: type) -> None:
    assert type(read(sent).body()) is kind


@pytest.mark.parametrize(
    "fields", [(), (b"content-length: 5",), (b"transfer-encoding: chunked",), (b"content-length: five",)]
)
def test_an_answer_to_head_has_no_body(fields: tuple[bytes, ...]) -> None:
    """An answer to HEAD has no body, whatever its fields say."""
    assert read(with_fields(*fields)).body(to_head=True).can_be_followed


@pytest.mark.parametrize(
    "fields",
    [
        [b"content-length: 5", b"content-length: 6"],
        [b"content-length: -5"],
        [b"content-length: +5"],
        [b"content-length: 5, 5"],
        [b"content-length: five"],
        [b"content-length:"],
        [b"transfer-encoding: gzip, chunked"],
        [b"transfer-encoding: chunked", b"content-length: 5"],
        [b"transfer-encoding: identity"],
        [b"transfer-encoding: chunked", b"transfer-encoding: chunked"],
    ],
)
def test_a_body_that_two_readers_could_end_differently_is_refused(fields: list[bytes]) -> None:
    with pytest.raises(HeadError):
        read(with_fields(*fields)).body()


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 2xx OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nname : value\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\rc\r\n\r\n",
        with_fields(status=b"101 Switching Protocols"),
        with_fields(b"a: " + b"x" * 70_000),
        with_fields(*[b"a: b"] * 101),
    ],
)
def test_what_is_no_head_is_refused(sent: bytes) -> None:
    with pytest.raises(HeadError):
        read(sent)


@pytest.mark.parametrize(("count", "size"), [(1, 60_000), (100, 600)])
def test_long_and_many_fields_are_read(count: int, size: int) -> None:
    """A head of 60 kB is read, however its bytes are divided."""
    head = read(with_fields(*[b"a: " + b"x" * size] * count))
    assert [len(value) for _, value in head.fields] == [size] * count


def test_a_head_has_64_kb_and_8_interim_answers() -> None:
    """A head over 64 KB, or more than 8 interim answers, is refused."""
    early = with_fields(status=b"103 Early Hints")
    assert read(early * 8 + with_fields()).status == 200
    for endless in (with_fields(*[b"a: " + b"x" * 700] * 100), early * 9 + with_fields()):
        with pytest.raises(HeadError):
            read(endless)


@given(st.data())
def test_a_head_that_is_cut_off_anywhere_is_an_error(data: st.DataObject) -> None:
    whole = with_fields(b"content-type: text/event-stream", b"content-length: 5")
    cut_at = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises((HeadError, ConnectionResetError)):
        read(whole[:cut_at])


@given(st.binary(max_size=300), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\na: "]))
def test_any_bytes_are_a_head_or_an_error(sent: bytes, beginning: bytes) -> None:
    with contextlib.suppress(HeadError, ConnectionResetError):
        head = read(beginning + sent)
        assert 200 <= head.status <= 999
        assert all(name and b"\r" not in value and b"\n" not in value for name, value in head.fields)
