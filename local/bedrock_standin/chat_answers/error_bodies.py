"""Errors of the chat completions API, in OpenAI's form as recorded from bedrock-runtime."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.bedrock_standin.refusals import RefusalError

JsonObject = dict[str, Any]

_TYPES_AND_CODES = {
    400: ("invalid_request_error", "validation_error"),
    401: ("authentication_error", "invalid_api_key"),
    403: ("permission_error", "access_denied"),
    404: ("not_found_error", "model_not_found"),
    408: ("timeout_error", "model_timeout"),
    424: ("model_error", "model_error"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
}


def error_body(status: int, message: str) -> JsonObject:
    """OpenAI's error object, with the type and code for the HTTP status."""
    type_, code = _TYPES_AND_CODES.get(status, ("server_error", "internal_server_error"))
    return {"error": {"message": message, "type": type_, "param": None, "code": code}}


def body_of_refusal(refusal: RefusalError) -> JsonObject:
    """The refusal's body. The `error.message` of a 400 is itself JSON text, as recorded."""
    if refusal.status != 400:
        return error_body(refusal.status, refusal.message)
    inner = {
        "message": refusal.message,
        "type": "invalid_request_error",
        "param": refusal.param,
        "code": None,
    }
    return error_body(400, json.dumps({"error": inner}))
