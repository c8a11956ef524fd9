"""Turns Converse's errors, which AWS names, into the gateway's errors with OpenAI's status, type and code.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html (errors)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from chat_gateway.bedrock import errors as upstream_errors
from chat_gateway.core import foreign_json, foreign_text
from chat_gateway.core.errors import GatewayError, UpstreamCredentialsError, UpstreamError

if TYPE_CHECKING:
    from chat_gateway.converse.event_stream import Event
    from chat_gateway.core.foreign_text import Conceal


_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class _Meaning(NamedTuple):
    status: int
    type: str
    code: str | None = None


_INVALID, _SERVER = "invalid_request_error", "server_error"
_INVALID_REQUEST = _Meaning(HTTPStatus.BAD_REQUEST, _INVALID)
_LONG_PROMPT = _INVALID_REQUEST._replace(code="context_length_exceeded")
_NO_MODEL = _Meaning(HTTPStatus.NOT_FOUND, "not_found_error", "model_not_found")
_RATE_LIMIT = _Meaning(HTTPStatus.TOO_MANY_REQUESTS, "rate_limit_error", "rate_limit_exceeded")
_TIMEOUT = _Meaning(HTTPStatus.GATEWAY_TIMEOUT, _SERVER, "gateway_timeout")
_MODEL_FAILED = _Meaning(HTTPStatus.BAD_GATEWAY, _SERVER, "model_error")
_UNKNOWN = _Meaning(HTTPStatus.BAD_GATEWAY, _SERVER)
_VALIDATION = "ValidationException"
_BY_NAME = {
    "InternalServerException": _Meaning(HTTPStatus.INTERNAL_SERVER_ERROR, _SERVER),
    "ModelErrorException": _MODEL_FAILED,
    "ModelNotReadyException": _Meaning(HTTPStatus.SERVICE_UNAVAILABLE, _SERVER, "model_not_ready"),
    "ModelStreamErrorException": _MODEL_FAILED,
    "ModelTimeoutException": _TIMEOUT,
    "ResourceNotFoundException": _NO_MODEL,
    "ServiceQuotaExceededException": _RATE_LIMIT,
    "ServiceUnavailableException": _Meaning(HTTPStatus.SERVICE_UNAVAILABLE, _SERVER),
    "ThrottlingException": _RATE_LIMIT,
    _VALIDATION: _INVALID_REQUEST,
}
# For errors without a known name. OpenAI's API has neither status.
_BY_STATUS: dict[int, _Meaning] = {
    HTTPStatus.REQUEST_TIMEOUT: _TIMEOUT,
    HTTPStatus.FAILED_DEPENDENCY: _MODEL_FAILED,
}
# The stable parts of messages of models and of Bedrock, which public reports quote. An unknown id is no 404 on Converse,
# but it is in OpenAI's API and in Bedrock's own chat completions.
_BY_WORDS = (
    (
        re.compile(r"input is too long|prompt is too long|too many (?:input )?tokens|expected maxlength"),
        _LONG_PROMPT,
    ),
    (re.compile(r"model identifier is invalid"), _NO_MODEL),
)


def http_error(
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    conceal: Conceal = foreign_text.nothing_to_conceal,
) -> GatewayError:
    """Converse's error answer of `status`. `conceal` masks our credentials. Never raises.

    An error about our credentials that is not a 401 or 403 is an UpstreamCredentialsError, any other an UpstreamError.
    """
    name = upstream_errors.error_class(headers, conceal) or _name_in(content, conceal)
    error = upstream_errors.parse(status, headers, content, conceal)
    if status in _REFUSED:
        return error  # the client reads its message
    if (about_credentials := _about_credentials(status, name, error)) is not None:
        return about_credentials
    meaning = _BY_NAME.get(name or "") or _BY_STATUS.get(status)
    return error if meaning is None else _with_meaning(error, meaning)


def of_event(
    event: Event, bedrock_request_id: str | None, conceal: Conceal = foreign_text.nothing_to_conceal
) -> UpstreamError:
    """The error of a stream's exception or error event, with the status that fits it. Never raises."""
    detail = _object(event.payload)
    said = (detail.get("message"), detail.get("Message"), detail.get("originalMessage"), event.error_message)
    words = next((text for text in said if isinstance(text, str) and text.strip()), None)
    error = upstream_errors.from_event({"message": words}, bedrock_request_id, conceal)
    # An event's name begins with a lower-case letter.
    return _with_meaning(error, _BY_NAME.get(event.kind[:1].upper() + event.kind[1:], _UNKNOWN))


def _with_meaning(error: UpstreamError, meaning: _Meaning) -> UpstreamError:
    if meaning is _INVALID_REQUEST:
        words = error.message.lower()
        meaning = next((known for pattern, known in _BY_WORDS if pattern.search(words)), meaning)
    error.status, error.type, error.code = meaning
    return error


def _about_credentials(
    status: int, name: str | None, error: UpstreamError
) -> UpstreamCredentialsError | None:
    from chat_gateway.bedrock import refusals  # for refused requests only

    # Without the message: only the name is sure.
    refusal = refusals.read(status, name, "")
    if not refusal.is_about_key:
        return None
    request_id = error.bedrock_request_id
    return UpstreamCredentialsError(refusal.reason, bedrock_request_id=request_id, is_refusal=True)


def _name_in(content: bytes, conceal: Conceal) -> str | None:
    """The name in the body's `__type`, which may begin with a namespace."""
    type_ = _object(content).get("__type")
    return foreign_text.name(type_.rpartition("#")[2], conceal) if isinstance(type_, str) else None


def _object(content: bytes) -> dict[str, object]:
    try:
        document = foreign_json.loads(content)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
