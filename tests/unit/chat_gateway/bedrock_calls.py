"""Clients of a test's Bedrock, and calls of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import httpx

from chat_gateway.bedrock.bearer_auth import BearerAuth
from chat_gateway.bedrock.client import BedrockClient, UpstreamTimeouts
from chat_gateway.completions import retry
from chat_gateway.completions.retry import Attempts
from tests.unit.chat_gateway.bedrock_key_fakes import FakeSecrets, api_key

COMPLETION = {
    "id": "chatcmpl-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Paris"}}],
}
KEY = "bedrock-api-key-0123456789"
BASE_URL = "https://bedrock.test/openai/v1"
MAX_ANSWER_BYTES = 4_194_304
TIMEOUTS = UpstreamTimeouts(connect_s=5, first_byte_s=300, between_bytes_s=300)


def client_for(
    handler: Callable[[httpx.Request], httpx.Response] | None, *, base_url: str = BASE_URL, **options: object
) -> BedrockClient:
    """A client of the Bedrock that `handler` plays, or of the server at `base_url` if `handler` is None."""
    settings: dict[str, Any] = {
        "timeouts": TIMEOUTS,
        "max_connections": 1,
        "max_answer_bytes": MAX_ANSWER_BYTES,
        "transport": None if handler is None else httpx.MockTransport(handler),
    }
    return BedrockClient(base_url=base_url, **(settings | options))


def bearer(base_url: str = BASE_URL) -> BearerAuth:
    return BearerAuth(base_url, api_key(FakeSecrets(KEY)), KEY)


def read_all(client: BedrockClient, base_url: str, method: str, *, deadline: float) -> None:
    """Reads the whole answer, with `complete` or as a `stream`."""
    if method == "complete":
        client.complete(b"{}", auth=bearer(base_url), headers={}, deadline=deadline)
        return
    with contextlib.closing(
        client.stream(b"{}", auth=bearer(base_url), headers={}, deadline=deadline)
    ) as answer:
        list(answer.chunks)


def once() -> Attempts:
    """One attempt, without retries."""
    return Attempts(policy=retry.FOR_CALLERS._replace(retries=0), deadline=float("inf"))
