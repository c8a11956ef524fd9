"""An event stream is read as botocore reads it, however its bytes are divided; a damaged one raises an error."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from struct import pack
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.converse.event_stream import Event, EventParser, MalformedStreamError
from tests.unit import event_stream_messages as messages
from tests.unit.event_stream_messages import BYTES, STRING, UUID, header, message, prelude, strings

MOST_MESSAGE_BYTES, MOST_HEADER_BYTES = 1_048_576, 131_072
NUMBERS = {
    messages.BYTE: 8,
    messages.SHORT: 16,
    messages.INTEGER: 32,
    messages.LONG: 64,
    messages.TIMESTAMP: 64,
}
EVENT = strings({":message-type": "event", ":event-type": "messageStop"})
CUTS = st.lists(st.integers(0, 10_000), max_size=20)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.sampled_from([":content-type", ":error-message", ":date"]) | TEXTS.filter(bool).filter(
    lambda name: not name.startswith(":")
)


def numbers(kind: int) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (NUMBERS[kind] - 1)), 2 ** (NUMBERS[kind] - 1) - 1)


VALUES: st.SearchStrategy[tuple[int, bytes | int]] = st.one_of(
    st.sampled_from([(messages.TRUE, b""), (messages.FALSE, b"")]),
    *(st.tuples(st.just(kind), numbers(kind)) for kind in NUMBERS),
    st.tuples(st.just(BYTES), st.binary(max_size=40)),
    st.tuples(st.just(STRING), TEXTS.map(str.encode)),
    st.tuples(st.just(UUID), st.binary(min_size=16, max_size=16)),
)


@st.composite
def sent(draw: st.DrawFn) -> bytes:
    """A message of any type, with further headers of any type, in any order."""
    message_type, named_by = draw(
        st.sampled_from(
            [("event", ":event-type"), ("exception", ":exception-type"), ("error", ":error-code")]
        )
    )
    needed = {":message-type": message_type, named_by: draw(TEXTS)}
    others = draw(st.dictionaries(NAMES, VALUES, max_size=4))
    headers = [strings({name: text}) for name, text in needed.items()]
    headers += [header(name.encode(), *value) for name, value in others.items()]
    return message(b"".join(draw(st.permutations(headers))), draw(st.binary(max_size=60)))


STREAMS = st.lists(sent(), max_size=4)


def pieces(stream: bytes, cuts: Sequence[int]) -> list[bytes]:
    marks = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[begin:end] for begin, end in itertools.pairwise(marks)]


def read(chunks: Sequence[bytes]) -> tuple[list[Event], str | None]:
    """The events of a whole stream, and the text of the error that it ended with."""
    parser, events = EventParser(), []
    try:
        for chunk in chunks:
            events += parser.feed(chunk)
        parser.end()
    except MalformedStreamError as error:
        return events, str(error)
    return events, None


def as_botocore_reads(stream: bytes) -> list[Event]:
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    found: Iterable[Any] = buffer
    return [_event(each.headers, each.payload) for each in found]


def _event(headers: dict[str, Any], payload: bytes) -> Event:
    (kind,) = (headers[name] for name in (":event-type", ":exception-type", ":error-code") if name in headers)
    text = headers.get(":error-message")
    return Event(headers[":message-type"], kind, payload, text if isinstance(text, str) else None)


@given(STREAMS, CUTS)
def test_any_stream_is_read_as_botocore_reads_it(stream: list[bytes], cuts: list[int]) -> None:
    """Messages with headers of any type, in any pieces, give the events that botocore finds."""
    whole = b"".join(stream)
    expected = as_botocore_reads(whole)
    assert len(expected) == len(stream)
    assert read(pieces(whole, cuts)) == (expected, None)


def test_a_stream_byte_by_byte() -> None:
    """A message is complete with its last byte, and not before."""
    stream = messages.event("messageStart", b'{"role":"assistant"}')
    parser = EventParser()
    assert [parser.feed(bytes([byte])) for byte in stream[:-1]] == [[]] * (len(stream) - 1)
    assert parser.feed(stream[-1:]) == [Event("event", "messageStart", b'{"role":"assistant"}')]
    parser.end()


def test_each_message_type() -> None:
    """An event, an exception and an error give their names; an error gives its text, and an unknown event passes."""
    stream = (
        messages.event("somethingNew", b"{}")
        + messages.exception("throttlingException", b'{"message":"slow"}')
        + messages.error("InternalError", "It failed.")
    )
    assert read([stream]) == (
        [
            Event("event", "somethingNew", b"{}"),
            Event("exception", "throttlingException", b'{"message":"slow"}'),
            Event("error", "InternalError", b"", "It failed."),
        ],
        None,
    )


def test_no_flipped_bit_of_a_message_passes() -> None:
    """Whichever bit of a message is flipped, no event comes of it, and an error is raised."""
    stream = messages.event("contentBlockDelta", b'{"delta":{"text":"Hi"}}')
    for bit in range(8 * len(stream)):
        events, error = read([flipped(stream, bit)])
        assert (events, error is None) == ([], False), bit


@given(STREAMS.filter(bool), st.integers(0), CUTS)
def test_events_before_a_flipped_bit_are_right(stream: list[bytes], bit: int, cuts: list[int]) -> None:
    """A flipped bit raises an error; the events before it, and only those, have come, however the bytes are cut."""
    bit %= 8 * len(b"".join(stream))
    damaged = flipped(b"".join(stream), bit)
    ends = itertools.accumulate(map(len, stream))
    sound = sum(1 for end in ends if 8 * end <= bit)
    events, error = read(pieces(damaged, cuts))
    assert error is not None
    assert events == as_botocore_reads(b"".join(stream[:sound]))


def flipped(stream: bytes, bit: int) -> bytes:
    damaged = bytearray(stream)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


@given(STREAMS, st.integers(0), CUTS)
def test_a_cut_off_stream_is_noticed(stream: list[bytes], size: int, cuts: list[int]) -> None:
    """A stream that ends inside a message raises an error at its end; one that ends after a message does not."""
    whole = b"".join(stream)
    size %= len(whole) + 1
    ends = [0, *itertools.accumulate(map(len, stream))]
    events, error = read(pieces(whole[:size], cuts))
    assert events == as_botocore_reads(whole)[: sum(1 for end in ends[1:] if end <= size)]
    assert error == (None if size in ends else "the stream ended inside a message")


@given(st.binary(max_size=200), CUTS)
def test_random_bytes_raise_only_this_error(content: bytes, cuts: list[int]) -> None:
    """Random bytes give no event, and no other error than MalformedStreamError."""
    assert read(pieces(content, cuts))[0] == []


@given(st.binary(max_size=60) | st.tuples(st.binary(max_size=20), st.binary(max_size=20)).map(EVENT.join))
def test_random_headers_are_refused_or_read_as_botocore_does(headers: bytes) -> None:
    """Headers of random bytes in a sound message raise MalformedStreamError in our own words, or are what botocore reads."""
    stream = message(headers, b"{}")
    events, error = read([stream])
    if error is None:
        assert events == as_botocore_reads(stream)
    else:
        assert re.fullmatch(r"(the|a) [a-z ,]+", error)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary(max_size=60))
def test_random_lengths_are_refused_or_waited_for(size: int, header_size: int, content: bytes) -> None:
    """Whatever lengths a prelude with the right checksum has, no event comes of random bytes after it."""
    events, error = read([prelude(size, header_size) + content])
    assert (events, error is None) == ([], False)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(b"", id="no headers"),
        pytest.param(EVENT + EVENT, id="a repeated name"),
        pytest.param(EVENT + header(b"", STRING, b"a"), id="an empty name"),
        pytest.param(EVENT + header(b"\xff", STRING, b"a"), id="a name that is no UTF-8"),
        pytest.param(EVENT + header(b"a", STRING, b"\xff"), id="a text that is no UTF-8"),
        pytest.param(EVENT + b"\x01a\x0a", id="an unknown header type"),
        pytest.param(EVENT + b"\x01a", id="a header without a type"),
        pytest.param(EVENT + b"\x05a", id="a cut name"),
        pytest.param(EVENT + b"\x01a\x07\x00", id="a cut length"),
        pytest.param(EVENT + b"\x01a\x07\x00\x02a", id="a text that reaches into the payload"),
        pytest.param(EVENT + b"\x01a\x05" + b"\0" * 7, id="a number that reaches into the payload"),
        pytest.param(EVENT + b"\x01a\x09" + b"\0" * 15, id="a UUID that reaches into the payload"),
        pytest.param(strings({":event-type": "metadata"}), id="no message type"),
        pytest.param(strings({":message-type": "Event", ":event-type": "a"}), id="an unknown message type"),
        pytest.param(strings({":message-type": "", ":event-type": "a"}), id="an empty message type"),
        pytest.param(
            strings({":message-type": "event", ":exception-type": "a"}), id="an event without a name"
        ),
        pytest.param(
            strings({":message-type": "exception", ":event-type": "a"}), id="an exception without a name"
        ),
        pytest.param(
            strings({":message-type": "error", ":error-message": "a"}), id="an error without a code"
        ),
        pytest.param(
            header(b":message-type", BYTES, b"event") + strings({":event-type": "a"}),
            id="a message type in bytes",
        ),
        pytest.param(
            strings({":message-type": "event"}) + header(b":event-type", BYTES, b"a"), id="a name in bytes"
        ),
    ],
)
def test_malformed_headers_are_refused(headers: bytes) -> None:
    """A sound message with malformed headers raises an error, even if the headers that are needed are there."""
    events, error = read([message(headers, b"payload" * 9)])
    assert (events, error is None) == ([], False)


@pytest.mark.parametrize(
    ("message_bytes", "header_bytes"),
    [
        (0, 0),
        (15, 0),
        (16 + 39, 40),
        (MOST_MESSAGE_BYTES + 1, 40),
        (2**32 - 1, 0),
        (MOST_MESSAGE_BYTES, MOST_HEADER_BYTES + 1),
        (16, 2**32 - 1),
    ],
)
def test_impossible_lengths_are_refused_at_once(message_bytes: int, header_bytes: int) -> None:
    """Lengths that contradict each other or are over the limits are refused before the message comes."""
    with pytest.raises(MalformedStreamError):
        EventParser().feed(prelude(message_bytes, header_bytes))


def test_a_damaged_prelude_is_refused_at_once() -> None:
    """Any flipped bit of a prelude raises an error before the rest of the message comes."""
    for bit in range(8 * 12):
        with pytest.raises(MalformedStreamError):
            EventParser().feed(flipped(prelude(100, 40), bit))


def test_the_largest_message() -> None:
    """A message of 1 MiB with 128 KiB of headers is read, in pieces of any size."""
    long = header(b"a", STRING, b"a" * 60_000) + header(b"b", BYTES, b"b" * 60_000)
    rest = MOST_HEADER_BYTES - len(EVENT + long + header(b"c", STRING))
    headers = EVENT + long + header(b"c", STRING, b"c" * rest)
    payload = b"p" * (MOST_MESSAGE_BYTES - MOST_HEADER_BYTES - 16)
    stream = message(headers, payload)
    assert (len(headers), len(stream)) == (MOST_HEADER_BYTES, MOST_MESSAGE_BYTES)
    by_1400 = [stream[at : at + 1400] for at in range(0, len(stream), 1400)]
    for chunks in ([stream], by_1400):
        assert read(chunks) == ([Event("event", "messageStop", payload)], None)


def test_an_error_stays() -> None:
    """Messages before a malformed one are returned; from then on every call raises, whatever follows."""
    sound = messages.event("messageStart")
    parser = EventParser()
    assert [event.kind for event in parser.feed(sound + pack(">III", 16, 0, 0) + sound)] == ["messageStart"]
    for _ in range(2):
        with pytest.raises(MalformedStreamError, match="checksum of a prelude"):
            parser.end()
        with pytest.raises(MalformedStreamError, match="checksum of a prelude"):
            parser.feed(sound)
