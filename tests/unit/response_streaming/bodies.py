"""Bodies that end, fail and record that, and handlers that return them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from response_streaming import StreamError, StreamingResponse

Handler = Callable[[Any, Any], Any]


class Body:
    """An iterator that records whether it was closed."""

    def __init__(self, items: Iterator[bytes]) -> None:
        self._items, self.closed = items, 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._items)

    def close(self) -> None:
        self.closed += 1


def response(body: Iterator[bytes], status: int = 200, **options: Any) -> StreamingResponse:
    return StreamingResponse(status_code=status, headers={"content-type": "text/plain"}, body=body, **options)


def returning(answer: object) -> Handler:
    return lambda event, context: answer


def raising(error: BaseException, *items: bytes) -> Iterator[bytes]:
    yield from items
    raise error


def stream_error(body: Iterator[bytes] = iter(())) -> StreamError:  # noqa: B008 - stays empty
    return StreamError("Function.Cut", response=response(body, 429), last_chunk=b"sorry")
