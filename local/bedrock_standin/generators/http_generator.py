"""A generator that asks another OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from typing import TYPE_CHECKING, Any

import httpx

from local.bedrock_standin.generators.chat_body import token_limit
from local.bedrock_standin.generators.completion import Completion, choice_of, usage_of
from local.bedrock_standin.refusals import RefusalError, server_error, validation_error

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

JsonObject = dict[str, Any]

# Longer than any caller of the gateway waits, so that a server that hangs does not hold its place for ever.
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_UNLIMITED = httpx.Limits(max_connections=None)
_DISCOVERY_TIMEOUT_S = 10.0
_REACHABLE_WITHIN_S = 5.0

# llama.cpp answers 500 to some requests that it cannot read.
_UNREADABLE = re.compile(r"Failed to parse |input is not supported")
_FIELD = re.compile(r"Field '(\w+)'")

_log = logging.getLogger(__name__)


class UnreachableError(Exception):
    """Nothing answers at a base URL; the message says what is wrong."""


def check_reachable(base_url: str) -> None:
    """Returns where GET `{base_url}/models` gets any HTTP answer. Raises UnreachableError."""
    try:
        httpx.get(f"{base_url.rstrip('/')}/models", timeout=_REACHABLE_WITHIN_S, trust_env=False)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise UnreachableError(str(error) or type(error).__name__) from error


class HttpGenerator:
    """Asks `{base_url}/chat/completions`.

    `model`: the id to ask for; None takes the server's first, or else the caller's. At most `max_connections`
    requests are asked at once; the rest wait.
    """

    def __init__(
        self,
        base_url: str,
        model: str | None = None,
        *,
        max_connections: int = 64,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._model = model
        # Generators are local: proxy settings of the environment are not for them.
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUT, limits=_UNLIMITED, trust_env=False, transport=transport
        )
        # The queue of those that wait: httpx's pool gets slow with hundreds of them.
        self._asked = asyncio.Semaphore(max_connections)

    async def start(self) -> None:
        """Find out which model to ask for."""
        self._model = self._model or await self._first_model()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def complete(self, body: JsonObject) -> Completion:
        """One whole completion. Raises RefusalError: 400 if the server refuses it, 503 without an answer."""
        try:
            async with self._asked:
                response = await self._client.post(self._url, json=self._prepared(body, stream=False))
            _raise_for_refusal(response)
            answer = response.json()
            return Completion(
                [choice_of(choice) for choice in answer["choices"]], usage_of(answer.get("usage") or {})
            )
        except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise server_error("The generator gave no usable answer.", 503) from error

    async def stream(self, body: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The server's chunks as they come. Raises as `complete` does."""
        try:
            asking = self._client.stream("POST", self._url, json=self._prepared(body, stream=True))
            async with self._asked, asking as response:
                if response.is_error:
                    await response.aread()
                _raise_for_refusal(response)
                async for chunk in read_chunks(response.aiter_bytes()):
                    yield chunk
        except (httpx.HTTPError, ValueError) as error:
            raise server_error("The generator's stream broke.", 503) from error

    @property
    def _url(self) -> str:
        return f"{self._base_url}/chat/completions"

    def _prepared(self, body: JsonObject, *, stream: bool) -> JsonObject:
        """The body for the generator: older servers know neither `developer` nor `max_completion_tokens`."""
        asked = {key: value for key, value in body.items() if value is not None}
        asked |= {"model": self._model or body["model"], "stream": stream}
        asked.setdefault("temperature", 0)
        asked["messages"] = [_without_developer(message) for message in body["messages"]]
        asked.pop("max_completion_tokens", None)
        limit = token_limit(body)
        if limit is not None:
            asked["max_tokens"] = limit
        if not stream:
            asked.pop("stream_options", None)
        return asked

    async def _first_model(self) -> str | None:
        try:
            response = await self._client.get(f"{self._base_url}/models", timeout=_DISCOVERY_TIMEOUT_S)
            return str(response.raise_for_status().json()["data"][0]["id"])
        except (httpx.HTTPError, ValueError, LookupError, TypeError):
            return None


async def read_chunks(received: AsyncIterator[bytes]) -> AsyncIterator[JsonObject]:
    """The JSON objects of an SSE stream, up to [DONE]. Raises ValueError if it ends without, or on an error.

    Lines end in LF only: httpx's own line reader also splits on U+2028, which may stand inside JSON text.
    """
    pending = b""
    async for part in received:
        *lines, pending = (pending + part).split(b"\n")
        for line in lines:
            if not line.startswith(b"data:"):
                continue
            data = line.removeprefix(b"data:").strip()
            if data == b"[DONE]":
                return
            chunk = json.loads(data)
            if not isinstance(chunk, dict) or "error" in chunk:
                raise ValueError("the stream carries an error")
            yield chunk
    raise ValueError("the stream ended without [DONE]")


def _without_developer(message: JsonObject) -> JsonObject:
    return message | {"role": "system"} if message["role"] == "developer" else message


def _raise_for_refusal(response: httpx.Response) -> None:
    if not response.is_error:
        return
    said = _error_message(response)
    _log.warning("The generator answered %d: %s", response.status_code, said)
    if response.status_code == 429 or (response.status_code >= 500 and not _UNREADABLE.search(said)):
        raise server_error("The generator failed.", 503)
    raise _refusal(said)


def _error_message(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return ""


def _refusal(said: str) -> RefusalError:
    """A 400 in our own words: the server's message is for whoever runs it."""
    field = _FIELD.search(said)
    if field is not None:
        return validation_error(f"'{field[1]}' has a value that the model cannot use.", field[1])
    if "context" in said:
        return validation_error("The prompt is longer than the model's context.", "messages")
    return validation_error("The model cannot use this request.")
