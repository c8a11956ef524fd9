"""Reads API Gateway's REST proxy event.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from chat_gateway.completions import request as chat_request
from chat_gateway.core import foreign_text
from chat_gateway.core.errors import InvalidRequestError, RequestTooLargeError

# https://platform.openai.com/docs/api-reference/debugging-requests
_API_HOST = re.compile(r"[a-z0-9]{1,20}\.execute-api\.[a-z0-9.-]{1,60}")
_CLIENT_REQUEST_ID = re.compile(r"[ -~]{1,512}")

Event = Mapping[str, Any]
Headers = dict[str, list[str]]


def headers(event: Event) -> Headers:
    """Every value of every header, by lowercase name."""
    found: Headers = {}
    for name, values in (event.get("multiValueHeaders") or {}).items():
        found.setdefault(name.lower(), []).extend(values or [])
    return found


def is_chat_completion(event: Event) -> bool:
    """Whether the event is a POST to one of the paths of chat completions."""
    return event.get("httpMethod") == "POST" and event.get("resource") in chat_request.PATHS


def method_and_path(event: Event) -> tuple[str, str]:
    """What the caller asked for, without stage and query."""
    return str(event.get("httpMethod") or ""), str(event.get("path") or "")


def base_url(event: Event) -> str:
    """What a client's base URL should be; from the first slash on behind a domain of one's own, whose base path may be any."""
    context = event.get("requestContext") or {}
    host, stage = context.get("domainName"), context.get("stage")
    is_known = isinstance(host, str) and _API_HOST.fullmatch(host) is not None
    return f"https://{host}/{stage}/openai/v1" if is_known else "/openai/v1"


def body(event: Event, *, max_bytes: int) -> bytes:
    """The body as it was sent. Raises RequestTooLargeError, and InvalidRequestError for bad base64."""
    text = event.get("body") or ""
    content = (
        _decoded(text, max_bytes) if event.get("isBase64Encoded") else text.encode("utf-8", "surrogatepass")
    )
    if len(content) > max_bytes:
        raise _too_large(max_bytes)
    return content


def _decoded(text: str, max_bytes: int) -> bytes:
    if len(text) > 4 * (max_bytes // 3 + 1):
        raise _too_large(max_bytes)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequestError("The request body could not be decoded.") from None


def _too_large(max_bytes: int) -> RequestTooLargeError:
    return RequestTooLargeError(f"The request body is larger than {max_bytes} bytes.")


def client_request_id(headers: Headers) -> str | None:
    """The caller's own id, where there is one value that OpenAI would take; else None."""
    values = headers.get("x-client-request-id") or []
    return values[0] if len(values) == 1 and _CLIENT_REQUEST_ID.fullmatch(values[0]) else None


def sdk_retry_count(headers: Headers) -> int | None:
    """How often the SDK has already repeated this request; None where it does not say."""
    count = (headers.get("x-stainless-retry-count") or [""])[0]
    return int(count) if re.fullmatch("[0-9]{1,3}", count) else None


def ids(event: Event, headers: Headers) -> dict[str, Any]:
    """What identifies the request, under the names that the log uses; None where unknown."""
    context = event.get("requestContext") or {}
    # Callers can set requestId (through x-amzn-requestid), not the extended one.
    api_request_id = foreign_text.name(context.get("requestId"))
    return {
        "request_id": context.get("extendedRequestId") or api_request_id,
        "api_request_id": api_request_id,
        "client": (context.get("authorizer") or {}).get("principalId"),
        "sdk_retry_count": sdk_retry_count(headers),
    }
