"""Waits for the first event of a stream, while another target can still answer in its place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from chat_gateway.bedrock import errors as upstream_errors
from chat_gateway.bedrock.client import StreamedAnswer
from chat_gateway.completions import sse
from chat_gateway.core import foreign_json
from chat_gateway.core.errors import GatewayError, UpstreamConnectionError

# Most streams begin with one of these, and are not searched.
_BEGINNING, _ENDING, _ERROR = b"data: {", b"\n\n", b"error"


class BegunStream:
    """A stream whose first event has come. Read the body from `chunks`, and close the answer."""

    def __init__(self, answer: StreamedAnswer, read: list[bytes]) -> None:
        self._answer = answer
        self.bedrock_request_id = answer.bedrock_request_id
        self.chunks: Iterator[bytes] = itertools.chain(read, answer.chunks)

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


def begun(answer: StreamedAnswer, *, ends_at: float | None) -> BegunStream:
    """The stream, once its first event has come; by `ends_at` (on the client's clock), if that is not None.

    Raises UpstreamError if that event is an error, and what the stream raises. The stream is closed then.
    """
    answer.read_by(ends_at)
    try:
        read = _read_to_first_event(answer)
    except GatewayError:
        answer.close()
        raise
    answer.read_by(None)
    return BegunStream(answer, read)


def _read_to_first_event(answer: StreamedAnswer) -> list[bytes]:
    read: list[bytes] = []
    splitter = sse.EventSplitter()
    for chunk in answer.chunks:
        read.append(chunk)
        if len(read) == 1 and chunk.startswith(_BEGINNING) and _ENDING in chunk and _ERROR not in chunk:
            return read
        try:
            events = splitter.feed(chunk)
        except sse.EventTooLargeError:
            return read  # its reader says so
        data = next((data for event in events if (data := sse.data_of(event)) is not None), None)
        if data is not None:
            _check(data, answer)
            return read
    raise UpstreamConnectionError(
        "Bedrock ended its answer before the first event.",
        bedrock_request_id=answer.bedrock_request_id,
        cause="no event",
    )


def _check(data: bytes, answer: StreamedAnswer) -> None:
    """Raises UpstreamError if the event with this data is an error."""
    try:
        document = foreign_json.loads(data)
    except ValueError:
        return  # its reader says so
    if isinstance(document, dict) and document.get("error"):
        raise upstream_errors.from_event(document["error"], answer.bedrock_request_id, answer.concealed)
