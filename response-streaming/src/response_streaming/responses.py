"""What a handler returns to stream, and what a body raises when it cannot go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamingResponse:
    """An HTTP response whose body is written while it is being made.

    Each item of `body` is one chunk; an empty item writes nothing, but sends the head. `body` is closed
    (its `close()`, where it has one) in every case, also when nobody ever asked it for an item.
    """

    status_code: int
    headers: Mapping[str, str]
    body: Iterator[bytes]
    multi_value_headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    cookies: Sequence[str] = ()
    hold_s: float = 0.0  # the head waits for the first item, but no longer than this; math.inf: for ever
    heartbeat: bytes = b""  # written between items when nothing was written for heartbeat_s; b"": never
    heartbeat_s: float = 15.0
    is_whole: bool = False  # all items are at hand: head, items and end go out in one write

    def __post_init__(self) -> None:
        if self.heartbeat and self.heartbeat_s <= 0:
            raise ValueError(f"heartbeat_s must be greater than 0, not {self.heartbeat_s}")

    def metadata(self) -> dict[str, Any]:
        """The object that Lambda's HTTP integration reads: status and headers, and what else is not empty."""
        document: dict[str, Any] = {"statusCode": self.status_code, "headers": dict(self.headers)}
        if self.multi_value_headers:
            document["multiValueHeaders"] = {
                name: list(values) for name, values in self.multi_value_headers.items()
            }
        if self.cookies:
            document["cookies"] = list(self.cookies)
        return document

    def close(self) -> None:
        """Closes the body; raises what its `close()` raises."""
        close = getattr(self.body, "close", None)
        if close is not None:
            close()


class StreamError(Exception):
    """Raised by a body that cannot go on.

    As long as the head has not gone out, `response` is sent in its place. Afterwards `last_chunk` is
    written, the chunks end, and the trailers tell Lambda `error_type`, which is all they tell.
    """

    def __init__(self, error_type: str, *, response: StreamingResponse, last_chunk: bytes) -> None:
        super().__init__(error_type)
        self.error_type, self.response, self.last_chunk = error_type, response, last_chunk
