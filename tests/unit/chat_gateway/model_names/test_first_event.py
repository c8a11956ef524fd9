"""A stream by a name is passed on from its first event, of which no byte is lost."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.completions import sse
from chat_gateway.core.errors import GatewayError, UpstreamConnectionError, UpstreamError
from chat_gateway.model_names import first_event

EVENT = b'data: {"choices": []}\n\n'


class Answer:
    """An answer with these chunks. Keeps the limits of its reads, and whether it was closed."""

    bedrock_request_id: str | None = "bedrock-1"

    def __init__(self, chunks: Iterable[bytes], failure: BaseException | None = None) -> None:
        self.chunks = self._read(chunks, failure)
        self.limits: list[float | None] = []
        self.is_closed = False

    def _read(self, chunks: Iterable[bytes], failure: BaseException | None) -> Iterator[bytes]:
        yield from chunks
        if failure is not None:
            raise failure

    def concealed(self, text: str, /) -> str:
        return text

    def read_by(self, ends_at: float | None) -> None:
        self.limits.append(ends_at)

    def finish(self) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True


def data(chunks: Iterable[bytes]) -> list[bytes]:
    """The data of all events."""
    splitter = sse.EventSplitter()
    events = [event for chunk in chunks for event in splitter.feed(chunk)]
    return [found for event in events if (found := sse.data_of(event)) is not None]


_lines = st.sampled_from(
    [b"data: {}", b": ping", b"event: a", b"data", b"data: x", b"", b"", b'data: {"error": 0}', b"data: {"]
)


@given(st.lists(_lines), st.sampled_from([b"\n", b"\r\n", b"\r"]), st.lists(st.integers(0, 200)))
def test_every_event_is_passed_on(lines: list[bytes], end: bytes, cuts: list[int]) -> None:
    """However a stream is cut, its events are the same with and without the wait for the first one."""
    stream = b"".join(line + end for line in lines)
    marks = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    chunks = [stream[begin:stop] for begin, stop in itertools.pairwise(marks)]
    if not (expected := data(chunks)):
        with pytest.raises(UpstreamConnectionError):
            first_event.begun(Answer(chunks), ends_at=1)
        return
    assert data(first_event.begun(Answer(chunks), ends_at=1).chunks) == expected


def test_comments_are_not_kept() -> None:
    """Comments before the first event take no memory, however many there are."""
    comments = itertools.repeat(b": still working\n\n" * 100, 1_000)
    stream = first_event.begun(Answer([*comments, EVENT, EVENT]), ends_at=1)
    assert list(stream.chunks) == [EVENT, EVENT]


def test_the_wait_is_limited() -> None:
    """The limit is for the first event only."""
    answer = Answer([b":\n\n", EVENT])
    first_event.begun(answer, ends_at=7)
    assert (answer.limits, answer.is_closed) == ([7, None], False)


@pytest.mark.parametrize(
    "failure", [None, UpstreamConnectionError("lost"), MemoryError(), KeyboardInterrupt()]
)
def test_a_stream_without_an_event_is_closed(failure: BaseException | None) -> None:
    """Whatever ends the wait, the exchange with Bedrock ends, too."""
    answer = Answer([b":\n\n"], failure)
    with pytest.raises((GatewayError, MemoryError, KeyboardInterrupt)):
        first_event.begun(answer, ends_at=1)
    assert answer.is_closed


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"error": {"message": "no", "type": "throttling_error"}}\n\n',
        b'data: {"type": "error", "message": "no", "code": "throttling_error"}\n\n',
        b'event: error\ndata: {"type": "error", "message": "no", "code": "rate_limit"}\n\n',
    ],
)
def test_an_error_is_raised(event: bytes) -> None:
    """The first event is an error in each shape in which a stream's reader knows one."""
    with pytest.raises(UpstreamError) as caught:
        first_event.begun(Answer([event]), ends_at=1)
    assert (caught.value.status, caught.value.bedrock_request_id) == (429, "bedrock-1")


def test_an_event_that_is_too_large() -> None:
    """The stream's reader tells of an event that is too large."""
    chunks = [b"data: " + b"x" * 500_000] * 5
    stream = first_event.begun(Answer(chunks), ends_at=1)
    with pytest.raises(sse.EventTooLargeError):
        data(stream.chunks)
