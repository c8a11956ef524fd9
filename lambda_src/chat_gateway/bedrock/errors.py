"""Reads Bedrock's error answers, whose shape depends on the layer that refused, into one exception."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from chat_gateway.bedrock import retry_after
from chat_gateway.core import foreign_json, foreign_text
from chat_gateway.core.errors import UpstreamError
from chat_gateway.core.foreign_text import Conceal

_MAX_NESTING = 3
_RETRY_HEADERS = ("retry-after", "retry-after-ms")
_TYPES: dict[int, str] = {
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
    HTTPStatus.NOT_FOUND: "not_found_error",
}
_CODES: dict[int, str] = {
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_exceeded",
    HTTPStatus.NOT_FOUND: "model_not_found",
}
_STATUSES = frozenset([*range(400, 600), *map(str, range(400, 600))])
# The first match counts.
_STATUS_WORDS: dict[str, int] = {
    "rate_limit": HTTPStatus.TOO_MANY_REQUESTS,
    "throttl": HTTPStatus.TOO_MANY_REQUESTS,
    "invalid_request": HTTPStatus.BAD_REQUEST,
    "validation": HTTPStatus.BAD_REQUEST,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "overloaded": HTTPStatus.SERVICE_UNAVAILABLE,
    "timeout": HTTPStatus.GATEWAY_TIMEOUT,
}


def parse(
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    conceal: Conceal = foreign_text.nothing_to_conceal,
) -> UpstreamError:
    """Bedrock's error answer of `status` as an UpstreamError. `conceal` masks our credentials. Never raises."""
    return _error(
        _detail(content),
        status,
        conceal,
        default_message=f"Bedrock answered with HTTP status {status}.",
        retry_headers=_retry_headers(headers, conceal),
        bedrock_request_id=request_id(headers, conceal),
    )


def from_event(
    error: object, bedrock_request_id: str | None, conceal: Conceal = foreign_text.nothing_to_conceal
) -> UpstreamError:
    """Bedrock's error event in a stream as an UpstreamError, with the status that fits it. Never raises."""
    detail = error if isinstance(error, dict) else {"message": error}
    return _error(
        detail,
        _status_of(detail),
        conceal,
        default_message="Bedrock ended the stream with an error.",
        retry_headers={},
        bedrock_request_id=bedrock_request_id,
    )


def in_event(document: Mapping[str, Any]) -> object | None:
    """The error in a stream's event, for `from_event`; None if it has none. The shape of events is unconfirmed."""
    if error := document.get("error"):
        return error  # type: ignore[no-any-return]
    return document if document.get("type") == "error" and not document.get("choices") else None


def _error(
    detail: Mapping[str, Any],
    status: int,
    conceal: Conceal,
    *,
    default_message: str,
    retry_headers: dict[str, str],
    bedrock_request_id: str | None,
) -> UpstreamError:
    return UpstreamError(
        foreign_text.message(detail.get("message"), conceal) or default_message,
        status=status,
        type_=foreign_text.name(detail.get("type"), conceal) or _TYPES.get(status, _type_of(status)),
        code=foreign_text.name(detail.get("code"), conceal) or _CODES.get(status),
        param=foreign_text.place(detail.get("param"), conceal),
        retry_headers=retry_headers,
        bedrock_request_id=bedrock_request_id,
    )


def _retry_headers(headers: Mapping[str, str], conceal: Conceal) -> dict[str, str]:
    """The headers that say how long to wait."""
    said = {name: foreign_text.header_value(headers.get(name), conceal) for name in _RETRY_HEADERS}
    return {
        name: value for name, value in said.items() if value and retry_after.wait_s({name: value}) is not None
    }


def _status_of(detail: Mapping[str, Any]) -> int:
    """The HTTP status of an error event, from a number in it or from its type. The shape of events is unconfirmed."""
    for name in ("status", "status_code", "code"):
        value = detail.get(name)
        if isinstance(value, int | str) and not isinstance(value, bool) and value in _STATUSES:
            return int(value)
    kind = f"{foreign_text.name(detail.get('type'))} {foreign_text.name(detail.get('code'))}".lower()
    return next((status for word, status in _STATUS_WORDS.items() if word in kind), HTTPStatus.BAD_GATEWAY)


def request_id(headers: Mapping[str, str], conceal: Conceal = foreign_text.nothing_to_conceal) -> str | None:
    """Bedrock's request id. Whether Bedrock also sends OpenAI's `x-request-id` is unconfirmed."""
    said = headers.get("x-amzn-requestid") or headers.get("x-request-id")
    return foreign_text.name(said, conceal)


def error_class(headers: Mapping[str, str], conceal: Conceal = foreign_text.nothing_to_conceal) -> str | None:
    """AWS's name of the error; None if the answer has none."""
    return foreign_text.name(headers.get("x-amzn-errortype", "").partition(":")[0], conceal)


def _type_of(status: int) -> str:
    return "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"


def _detail(content: bytes) -> dict[str, Any]:
    """The error object, with the fields of an inner one: some answers have another error as JSON in `message`."""
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
        document = foreign_json.loads(text)
    except ValueError:
        return None
    if isinstance(document, dict) and isinstance(document.get("error"), dict):
        document = document["error"]
    if not isinstance(document, dict):
        return None
    message = document.get("message", document.get("Message"))
    return {**document, "message": message} if isinstance(message, str) and message else None
