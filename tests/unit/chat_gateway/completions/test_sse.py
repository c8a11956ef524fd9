"""Events are found however their bytes are divided."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.completions import sse

LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
# What a line may hold: no line ends.
LINE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=8).map(
    str.encode
)
FIELD = st.sampled_from([b"data: ", b"data:", b"data", b": ", b"event: ", b"id", b""])


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Bytes of an event stream: lines of any kind, with line ends of one kind, as servers send them."""
    end = draw(LINE_ENDS)
    lines = draw(st.lists(st.tuples(FIELD, LINE).map(b"".join) | st.just(b""), max_size=12))
    return b"".join(line + end for line in lines)


def reference(stream: bytes) -> list[bytes]:
    """The data of every event, by the standard's algorithm on the whole stream."""
    found: list[bytes] = []
    data: list[bytes] = []
    *lines, _ = re.split(rb"\r\n|\n|\r", stream)
    for line in lines:
        name, _, value = line.partition(b":")
        if not line:
            found += [b"\n".join(data)] if data else []
            data = []
        elif name == b"data":
            data.append(value.removeprefix(b" "))
    return found


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    marks = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[begin:end] for begin, end in itertools.pairwise(marks)]


def split(chunks: list[bytes]) -> tuple[list[bytes], bytes]:
    splitter = sse.EventSplitter()
    events = [event for chunk in chunks for event in splitter.feed(chunk)]
    return events, splitter.rest()


@given(streams() | st.binary(), st.lists(st.integers(0, 10_000)))
def test_no_byte_is_lost_or_changed_however_the_stream_is_cut(stream: bytes, cuts: list[int]) -> None:
    events, rest = split(pieces(stream, cuts))
    assert b"".join(events) + rest == stream


@given(streams(), st.lists(st.integers(0, 10_000)))
def test_every_cut_finds_the_events_that_the_standard_finds(stream: bytes, cuts: list[int]) -> None:
    events, _ = split(pieces(stream, cuts))
    assert [data for event in events if (data := sse.data_of(event)) is not None] == reference(stream)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_an_event_is_complete_with_its_empty_line_and_not_before(end: bytes) -> None:
    splitter = sse.EventSplitter()
    assert splitter.feed(b"data: 1") == []
    assert splitter.feed(end[:1]) == []
    events = splitter.feed(end[1:] + end) if len(end) > 1 else splitter.feed(end)
    assert [sse.data_of(event) for event in events] == [b"1"]


@pytest.mark.parametrize(
    ("event", "data"),
    [
        (b"data: {}\n\n", b"{}"),
        (b"data:{}\n\n", b"{}"),
        (b"data:  {}\n\n", b" {}"),
        (b"data: a\ndata: b\n\n", b"a\nb"),
        (b"data\n\n", b""),
        (b"event: x\nid: 1\ndata: {}\n\n", b"{}"),
        (b": comment\n\n", None),
        (b"\n\n", None),
        (b"database: x\n\n", None),
        (b"\xef\xbb\xbfdata: {}\n\n", b"{}"),
        ("data: é🦉\r\n\r\n".encode(), "é🦉".encode()),
        (b"data: a\rdata: b\n\n", b"a\nb"),
    ],
)
def test_the_data_of_an_event_is_read_by_the_standard(event: bytes, data: bytes | None) -> None:
    assert sse.data_of(event) == data


def test_an_event_of_a_megabyte_in_small_pieces_is_one_event() -> None:
    stream = b"data: " + b"x" * 1_000_000 + b"\n\n"
    events, rest = split([stream[i : i + 1400] for i in range(0, len(stream), 1400)])
    assert (events, rest) == ([stream], b"")


@given(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])))
def test_an_event_of_ours_reads_back(data: str) -> None:
    assert sse.data_of(sse.event(data)) == data.encode()
