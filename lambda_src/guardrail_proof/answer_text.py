"""Reads an answer's body up to a size limit and a deadline."""

from __future__ import annotations

import time

import httpx

# Without compression, the size limit also limits the memory.
UNCOMPRESSED = {"accept-encoding": "identity"}


class AnswerTooLargeError(Exception):
    """An answer is longer than any answer to a probe."""


def whole(answer: httpx.Response, *, max_bytes: int, deadline: float) -> str:
    """The body. Raises AnswerTooLargeError, and httpx.HTTPError, also after `deadline` (on time.monotonic())."""
    text = beginning(answer, max_bytes=max_bytes + 1, deadline=deadline)
    if len(text) > max_bytes:
        raise AnswerTooLargeError
    return text.decode(errors="replace")


def beginning(answer: httpx.Response, *, max_bytes: int, deadline: float) -> bytes:
    """The first `max_bytes` of the body. Raises httpx.HTTPError, also if they have not come by `deadline`."""
    received = bytearray()
    for part in answer.iter_bytes():
        received += part
        if len(received) >= max_bytes:
            break
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("The answer took too long.", request=answer.request)
    return bytes(received[:max_bytes])
