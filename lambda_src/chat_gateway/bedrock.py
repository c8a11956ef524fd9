"""Asks Bedrock for one chat completion over HTTPS; nothing of httpx leaves this module."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from chat_gateway import upstream_errors
from chat_gateway.errors import (
    GatewayError,
    UpstreamConnectionError,
    UpstreamProtocolError,
    UpstreamTimeoutError,
)

_REFUSED_KEY = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@dataclass(frozen=True, slots=True)
class Completion:
    """Bedrock's answer: `text` as it came, `document` the same parsed."""

    text: str
    document: dict[str, Any]
    bedrock_request_id: str | None


class RefusedKeyError(Exception):
    """Bedrock answered 401 or 403: `detail` names its error class and message, for the log."""

    def __init__(self, detail: str, headers: Mapping[str, str]) -> None:
        super().__init__(detail)
        self.detail = detail
        self.bedrock_request_id = upstream_errors.request_id(headers)


class BedrockClient:
    """Chat completions at one base URL; safe to share between threads."""

    def __init__(
        self,
        *,
        base_url: str,
        connect_timeout_s: float,
        max_connections: int,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = f"{base_url}/chat/completions"
        self._connect_timeout_s, self._clock = connect_timeout_s, clock
        self._http = httpx.Client(
            transport=transport,
            limits=httpx.Limits(max_connections=max_connections, keepalive_expiry=60),
            follow_redirects=False,  # the key goes to the configured origin only
            trust_env=False,
        )

    def complete(
        self,
        content: bytes,
        *,
        api_key: str,
        headers: Mapping[str, str],
        deadline: float,
    ) -> Completion:
        """The completion of the request `content`, read to its end by `deadline` (on this client's clock).

        Raises RefusedKeyError, UpstreamError, UpstreamTimeoutError, UpstreamConnectionError and
        UpstreamProtocolError.
        """
        try:
            status, answer_headers, answer = self._post(content, api_key, headers, deadline)
        except httpx.TimeoutException:
            raise UpstreamTimeoutError("Bedrock did not answer in time.") from None
        except httpx.RequestError:
            raise UpstreamConnectionError("The connection to Bedrock failed.") from None
        if status in _REFUSED_KEY:
            raise RefusedKeyError(_refusal(status, answer_headers, answer, api_key), answer_headers)
        if status != HTTPStatus.OK:
            raise _error(status, answer_headers, answer)
        return _completion(answer, upstream_errors.request_id(answer_headers))

    def _post(
        self, content: bytes, api_key: str, headers: Mapping[str, str], deadline: float
    ) -> tuple[int, httpx.Headers, bytes]:
        timeout_s = deadline - self._clock()
        if timeout_s <= 0:
            raise httpx.ConnectTimeout("deadline")
        timeout = httpx.Timeout(timeout_s, connect=min(self._connect_timeout_s, timeout_s))
        own = {
            "content-type": "application/json",
            "accept": "application/json",
            "authorization": f"Bearer {api_key}",
        }
        with self._http.stream(
            "POST", self._url, content=content, headers={**headers, **own}, timeout=timeout
        ) as response:
            chunks = []
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                # httpx times out each read; an answer that trickles must end too.
                if self._clock() > deadline:
                    raise httpx.ReadTimeout("deadline")
            return response.status_code, response.headers, b"".join(chunks)


def _refusal(status: int, headers: Mapping[str, str], answer: bytes, api_key: str) -> str:
    kind = headers.get("x-amzn-errortype", "").partition(":")[0] or f"HTTP {status}"
    message = upstream_errors.parse(status, headers, answer).message
    return f"{kind}: {message}".replace(api_key, "***")[:300]


def _error(status: int, headers: Mapping[str, str], answer: bytes) -> GatewayError:
    if status < HTTPStatus.BAD_REQUEST:
        return UpstreamProtocolError(
            f"Bedrock answered with the unexpected HTTP status {status}.",
            bedrock_request_id=upstream_errors.request_id(headers),
        )
    return upstream_errors.parse(status, headers, answer)


def _completion(answer: bytes, bedrock_request_id: str | None) -> Completion:
    try:
        text = answer.decode("utf-8")
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UpstreamProtocolError(
            "Bedrock's answer is not JSON.", bedrock_request_id=bedrock_request_id
        ) from None
    # A wrong path answers HTTP 200 with an UnknownOperationException, so 200 alone proves nothing.
    if not isinstance(document, dict) or not isinstance(document.get("choices"), list):
        raise UpstreamProtocolError(
            "Bedrock's answer holds no choices.", bedrock_request_id=bedrock_request_id
        )
    return Completion(text, document, bedrock_request_id)
