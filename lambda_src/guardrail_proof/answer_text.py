"""Reads an answer's body, up to a size and a moment."""

from __future__ import annotations

import time

import httpx

# With it, the limit of size is one of memory, too.
UNCOMPRESSED = {"accept-encoding": "identity"}


class AnswerTooLargeError(Exception):
    """An answer is longer than any that the proof could have asked for."""


def whole(answer: httpx.Response, *, max_bytes: int, deadline: float) -> str:
    """The body. Raises httpx.HTTPError, also where it goes on after `deadline` (monotonic), and AnswerTooLargeError."""
    text = beginning(answer, max_bytes=max_bytes + 1, deadline=deadline)
    if len(text) > max_bytes:
        raise AnswerTooLargeError
    return text.decode(errors="replace")


def beginning(answer: httpx.Response, *, max_bytes: int, deadline: float) -> bytes:
    """The first `max_bytes` of the body. Raises httpx.HTTPError, also where they have not come by `deadline`."""
    received = bytearray()
    for part in answer.iter_bytes():
        received += part
        if len(received) >= max_bytes:
            break
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("The answer went on for too long.", request=answer.request)
    return bytes(received[:max_bytes])
