"""Answers other than a completion, as exceptions; shapes as recorded from bedrock-runtime.

RefusalError            the request is answered with an HTTP error
ConnectionDroppedError  the connection ends with no answer, or in the middle of one
"""

from __future__ import annotations

import json
from typing import Any

JsonObject = dict[str, Any]

# Classes of x-amzn-errortype: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html
AWS_ERROR_CLASSES = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}

_TYPES_AND_CODES = {
    400: ("invalid_request_error", "validation_error"),
    401: ("authentication_error", "invalid_api_key"),
    403: ("permission_error", "access_denied"),
    404: ("not_found_error", "model_not_found"),
    408: ("timeout_error", "model_timeout"),
    424: ("model_error", "model_error"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
}


class RefusalError(Exception):
    """`status`: HTTP status; `body`: the JSON body; `headers`: what to send beside x-amzn-requestid."""

    def __init__(self, status: int, body: JsonObject, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body
        errortype = AWS_ERROR_CLASSES.get(status)
        self.headers = ({"x-amzn-errortype": errortype} if errortype else {}) | (headers or {})


class ConnectionDroppedError(Exception):
    """The stand-in was asked to hang up here."""


def error_body(status: int, message: str, param: str | None = None) -> JsonObject:
    """OpenAI's error object, with the type and code that go with the HTTP status."""
    type_, code = _TYPES_AND_CODES.get(status, ("server_error", "internal_server_error"))
    return {"error": {"message": message, "type": type_, "param": param, "code": code}}


def validation_error(message: str, param: str | None = None) -> RefusalError:
    """A 400; its `error.message` is itself JSON text, as recorded."""
    inner = {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": None}}
    return RefusalError(400, error_body(400, json.dumps(inner)))


def model_not_found(model: str) -> RefusalError:
    """A 404; Claude and Nova get it too on this API, as recorded."""
    return RefusalError(
        404, error_body(404, f"The model doesn't exist or cannot be used with this API: {model}")
    )


def authentication_failed() -> RefusalError:
    """A 403 in the shape AWS's front door uses, with a capital M."""
    return RefusalError(403, {"Message": "Authentication failed: Please make sure your API Key is valid."})


def bearer_token_expired() -> RefusalError:
    """A 403 for a key that used to be valid."""
    return RefusalError(403, {"Message": "Bearer Token has expired"})


def signature_refused(error_class: str, message: str) -> RefusalError:
    """A 403 for a signed request; AWS's front door names the class of refusal in a header."""
    return RefusalError(403, {"message": message}, {"x-amzn-errortype": error_class})


def server_error(message: str, status: int = 500) -> RefusalError:
    """A 5xx: the stand-in, its generator or its emulator failed, not the caller."""
    return RefusalError(status, error_body(status, message))
