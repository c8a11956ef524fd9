"""StreamingResponse, which a handler returns, and StreamError, which its body may raise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamingResponse:
    """An HTTP response whose body is sent while it is being produced.

    Each item of `body` is one chunk. An empty item writes nothing, but sends the head. `body` is always closed (its
    `close()`, if it has one), even if no item was read.
    """

    status_code: int
    headers: Mapping[str, str]
    body: Iterator[bytes]
    multi_value_headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    cookies: Sequence[str] = ()
    hold_s: float = 0.0  # the head waits for the first item, but not longer than this; math.inf: no limit
    heartbeat: bytes = b""  # written when nothing was written for heartbeat_s; b"": never
    heartbeat_s: float = 15.0
    is_whole: bool = False  # all items are ready: head, items and end are sent in one write

    def __post_init__(self) -> None:
        if self.heartbeat and self.heartbeat_s <= 0:
            raise ValueError(f"heartbeat_s must be greater than 0, not {self.heartbeat_s}")

    def metadata(self) -> dict[str, Any]:
        """The object that Lambda's HTTP integration reads: status, headers, and other fields that are not empty."""
        document: dict[str, Any] = {"statusCode": self.status_code, "headers": dict(self.headers)}
        if self.multi_value_headers:
            document["multiValueHeaders"] = {
                name: list(values) for name, values in self.multi_value_headers.items()
            }
        if self.cookies:
            document["cookies"] = list(self.cookies)
        return document

    def close(self) -> None:
        """Closes the body. Raises what the body's `close()` raises."""
        close = getattr(self.body, "close", None)
        if close is not None:
            close()


class StreamError(Exception):
    """A body raises this when it cannot continue.

    If the head has not been sent yet, `response` is sent instead. Otherwise `last_chunk` is written, the chunks end,
    and the trailers tell Lambda `error_type` and nothing else.
    """

    def __init__(self, error_type: str, *, response: StreamingResponse, last_chunk: bytes) -> None:
        super().__init__(error_type)
        self.error_type, self.response, self.last_chunk = error_type, response, last_chunk
