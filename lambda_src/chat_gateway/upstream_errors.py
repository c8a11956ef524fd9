"""Reads Bedrock's error answers, whose shape depends on which layer refused, into one exception."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from chat_gateway.errors import UpstreamError

_MAX_NESTING = 3
_MAX_TEXT_CHARACTERS = 8192  # an error that repeats the prompt must still fit into a message of SQS
_RETRY_HEADERS = ("retry-after", "retry-after-ms")
_TYPES: dict[int, str] = {
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
    HTTPStatus.NOT_FOUND: "not_found_error",
}
_CODES: dict[int, str] = {
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_exceeded",
    HTTPStatus.NOT_FOUND: "model_not_found",
}
# In the order in which they are looked for.
_STATUS_WORDS: dict[str, int] = {
    "rate_limit": HTTPStatus.TOO_MANY_REQUESTS,
    "throttl": HTTPStatus.TOO_MANY_REQUESTS,
    "invalid_request": HTTPStatus.BAD_REQUEST,
    "validation": HTTPStatus.BAD_REQUEST,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "overloaded": HTTPStatus.SERVICE_UNAVAILABLE,
    "timeout": HTTPStatus.GATEWAY_TIMEOUT,
}


def parse(status: int, headers: Mapping[str, str], content: bytes) -> UpstreamError:
    """Bedrock's answer of `status` as an error in our shape; never raises, whatever the body is."""
    detail = _detail(content)
    return UpstreamError(
        _text(detail.get("message")) or f"Bedrock answered with HTTP status {status}.",
        status=status,
        type_=_text(detail.get("type")) or _TYPES.get(status, _type_of(status)),
        code=_text(detail.get("code")) or _CODES.get(status),
        param=_text(detail.get("param")),
        retry_headers={name: headers[name] for name in _RETRY_HEADERS if name in headers},
        bedrock_request_id=request_id(headers),
    )


def from_event(error: object, bedrock_request_id: str | None) -> UpstreamError:
    """An error that Bedrock sent as an event of a stream, with the status it would have had; never raises."""
    detail = error if isinstance(error, dict) else {"message": error}
    status = _status_of(detail)
    return UpstreamError(
        _text(detail.get("message")) or "Bedrock ended the stream with an error.",
        status=status,
        type_=_text(detail.get("type")) or _TYPES.get(status, _type_of(status)),
        code=_text(detail.get("code")) or _CODES.get(status),
        param=_text(detail.get("param")),
        retry_headers={},
        bedrock_request_id=bedrock_request_id,
    )


def _status_of(detail: Mapping[str, Any]) -> int:
    """The HTTP status in an error event: as a number, or by its type. What events carry is unconfirmed."""
    for name in ("status", "status_code", "code"):
        value = str(detail.get(name))
        if re.fullmatch("[45][0-9][0-9]", value):
            return int(value)
    kind = f"{detail.get('type')} {detail.get('code')}".lower()
    return next((status for word, status in _STATUS_WORDS.items() if word in kind), HTTPStatus.BAD_GATEWAY)


def request_id(headers: Mapping[str, str]) -> str | None:
    """Bedrock's id of an answer. That it also sends OpenAI's `x-request-id` is unconfirmed."""
    return headers.get("x-amzn-requestid") or headers.get("x-request-id")


def _type_of(status: int) -> str:
    return "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"


def _detail(content: bytes) -> dict[str, Any]:
    """The innermost object with a message: some answers carry another error as JSON text in their message."""
    detail: dict[str, Any] = {}
    text: str | bytes = content
    for _ in range(_MAX_NESTING):
        found = _message_object(text)
        if found is None:
            break
        detail = {**detail, **{key: value for key, value in found.items() if value is not None}}
        text = found["message"]
    return detail


def _message_object(text: str | bytes) -> dict[str, Any] | None:
    """`{"error": {"message": …}}`, `{"message": …}` or `{"Message": …}` as an object with `message`, else None."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(document, dict) and isinstance(document.get("error"), dict):
        document = document["error"]
    if not isinstance(document, dict):
        return None
    message = document.get("message", document.get("Message"))
    return {**document, "message": message} if isinstance(message, str) and message else None


def _text(value: object) -> str | None:
    return value[:_MAX_TEXT_CHARACTERS] if isinstance(value, str) and value else None
