"""Requests for the transport to Bedrock, and the bytes of their answers."""

from __future__ import annotations

from collections.abc import Iterator

import httpx

TIMEOUT = {"connect": 5.0, "first_byte": 5.0, "read": 5.0}


def request(
    content: bytes = b"{}", *, base_url: str = "http://bedrock.test/openai/v1", **timeouts: float
) -> httpx.Request:
    """A request as the client of Bedrock makes it."""
    extensions = {"timeout": {**TIMEOUT, **timeouts}, "content": content}
    return httpx.Request("POST", f"{base_url}/chat", content=content, extensions=extensions)


def pieces(response: httpx.Response) -> Iterator[bytes]:
    assert isinstance(response.stream, httpx.SyncByteStream)
    return iter(response.stream)
