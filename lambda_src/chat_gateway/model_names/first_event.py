"""Waits for the first event of a stream, while another target can still answer in its place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from chat_gateway.bedrock import errors as upstream_errors
from chat_gateway.completions import sse
from chat_gateway.core import foreign_json
from chat_gateway.core.errors import UpstreamConnectionError

if TYPE_CHECKING:
    from chat_gateway.bedrock.client import StreamedAnswer

# Most streams begin with one of these, and are not searched.
_BEGINNING, _ENDING, _ERROR = b"data: {", b"\n\n", b"error"


class BegunStream:
    """A stream whose first event has come. Read the body from `chunks`, and close the answer."""

    def __init__(self, answer: StreamedAnswer, read: bytes) -> None:
        self._answer = answer
        self.bedrock_request_id = answer.bedrock_request_id
        self.chunks: Iterator[bytes] = itertools.chain((read,), answer.chunks)

    def concealed(self, text: str, /) -> str:
        """`text` with our credentials masked."""
        return self._answer.concealed(text)

    def read_by(self, ends_at: float | None) -> None:
        """Limits the next reads."""
        self._answer.read_by(ends_at)

    def finish(self) -> None:
        """Reads the rest of the body, so that the connection can be used again."""
        self._answer.finish()

    def close(self) -> None:
        """Ends the exchange with Bedrock."""
        self._answer.close()


def begun(answer: StreamedAnswer, *, ends_at: float) -> BegunStream:
    """The stream, once its first event has come; by `ends_at` (on the client's clock). Comments before it are left out.

    Raises UpstreamError if that event is an error, UpstreamConnectionError if none comes, and what the stream raises. The
    stream is closed then.
    """
    answer.read_by(ends_at)
    try:
        read = _read_to_first_event(answer)
    except BaseException:
        answer.close()
        raise
    answer.read_by(None)
    return BegunStream(answer, read)


def _read_to_first_event(answer: StreamedAnswer) -> bytes:
    """The first event, and what came with it."""
    splitter = None
    for chunk in answer.chunks:
        if splitter is None:
            if chunk.startswith(_BEGINNING) and _ENDING in chunk and _ERROR not in chunk:
                return chunk
            splitter = sse.EventSplitter()
        try:
            events = splitter.feed(chunk)
        except sse.EventTooLargeError:
            return splitter.rest() + chunk  # its reader says so
        if with_data := list(itertools.dropwhile(_is_comment, events)):
            _check(with_data[0], answer)
            return b"".join(with_data) + splitter.rest()
    raise UpstreamConnectionError(
        "Bedrock ended its answer before the first event.",
        bedrock_request_id=answer.bedrock_request_id,
        cause="no event",
    )


def _is_comment(event: bytes) -> bool:
    return sse.data_of(event) is None


def _check(event: bytes, answer: StreamedAnswer) -> None:
    """Raises UpstreamError if the event is an error."""
    try:
        document = foreign_json.loads(sse.data_of(event) or b"")
    except ValueError:
        return  # its reader says so
    if isinstance(document, dict) and (error := upstream_errors.in_event(document)) is not None:
        raise upstream_errors.from_event(error, answer.bedrock_request_id, answer.concealed)
