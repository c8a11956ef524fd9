"""A generator that calls another OpenAI-compatible server."""

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

# Longer than the gateway's callers wait. It frees the connection of a server that hangs.
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_UNLIMITED = httpx.Limits(max_connections=None)
_DISCOVERY_TIMEOUT_S = 10.0
_REACHABLE_WITHIN_S = 5.0

# llama.cpp answers 500 to some requests that it cannot read.
_UNREADABLE = re.compile(r"Failed to parse |input is not supported")
_FIELD = re.compile(r"Field '(\w+)'")

_log = logging.getLogger(__name__)


class UnreachableError(Exception):
    """No server answers at the base URL. The message has the reason."""


def check_reachable(base_url: str) -> None:
    """Returns if `GET {base_url}/models` gets any HTTP answer. Raises UnreachableError."""
    try:
        httpx.get(f"{base_url.rstrip('/')}/models", timeout=_REACHABLE_WITHIN_S, trust_env=False)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise UnreachableError(str(error) or type(error).__name__) from error


class HttpGenerator:
    """Calls `{base_url}/chat/completions`.

    `model` is the model id for the server. None means the server's first model, or the caller's model if the server lists
    none. At most `max_connections` requests run at once; the others wait.
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
        # Generators are local, so they do not use the environment's proxy settings.
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUT, limits=_UNLIMITED, trust_env=False, transport=transport
        )
        # Requests wait here, because httpx's pool is slow with hundreds of waiting requests.
        self._asked = asyncio.Semaphore(max_connections)

    async def start(self) -> None:
        """Finds the model to use."""
        self._model = self._model or await self._first_model()

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def complete(self, body: JsonObject) -> Completion:
        """One whole completion. Raises RefusalError: 400 if the server refuses the body, 503 if there is no answer."""
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
        """The server's chunks as they come. Raises the errors of `complete`."""
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
        """The body for the server. Older servers support neither `developer` nor `max_completion_tokens`."""
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
    """The JSON objects of an SSE stream, up to [DONE]. Raises ValueError for a stream without [DONE] or with an error.

    Lines end with LF only. httpx's own line reader also splits at U+2028, which JSON text may contain.
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
    """A 400 with our own message. The server's message is only logged."""
    field = _FIELD.search(said)
    if field is not None:
        return validation_error(f"'{field[1]}' has a value that the model cannot use.", field[1])
    if "context" in said:
        return validation_error("The prompt is longer than the model's context.", "messages")
    return validation_error("The model cannot use this request.")
