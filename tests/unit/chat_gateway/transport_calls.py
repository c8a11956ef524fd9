"""Requests for the transport to Bedrock, and the bytes of their answers."""

from __future__ import annotations

from collections.abc import Iterator

import httpx

TIMEOUT = {"connect": 5.0, "first_byte": 5.0, "read": 5.0, "ends_at": float("inf")}


def request(content: bytes = b"{}") -> httpx.Request:
    made = httpx.Request("POST", "http://bedrock.test/openai/v1/chat", content=content)
    made.extensions = {"timeout": TIMEOUT}
    return made


def pieces(response: httpx.Response) -> Iterator[bytes]:
    assert isinstance(response.stream, httpx.SyncByteStream)
    return iter(response.stream)
