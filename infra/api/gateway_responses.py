"""API Gateway's own error responses, in OpenAI's shape and with fixed messages.

The messages do not use `$context.error` variables, because API Gateway's messages can repeat the caller's token.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from aws_cdk import aws_apigateway as apigateway

from infra.api import caller_refusals
from infra.settings.client_auth import ClientAuth

_Type = apigateway.ResponseType

_INVALID_KEY = (
    401,
    "invalid_request_error",
    "invalid_api_key",
    "Missing or incorrect API key. Send your key as `{shown_key}`.",
)
_INTERNAL = (500, "server_error", "internal_error", "The gateway failed to answer this request.")
_TIMEOUT = (504, "server_error", "gateway_timeout", "The gateway did not answer in time.")
_THROTTLED = (429, "rate_limit_error", "rate_limit_exceeded", "Too many requests; slow down and try again.")
_TOO_LARGE_TEXT = (
    "The request body is too large. A chat completion may have {max_request_bytes} bytes. "
    "Send a file in parts: client.uploads.upload_file_chunked(..., part_size=4_000_000)."
)
_TOO_LARGE = (413, "invalid_request_error", "request_too_large", _TOO_LARGE_TEXT)
_MEDIA_TYPE = (
    415,
    "invalid_request_error",
    "unsupported_media_type",
    "Send the request as application/json.",
)
_BAD_REQUEST = (400, "invalid_request_error", "bad_request", "The request is not valid.")
_BLOCKED = (403, "invalid_request_error", "request_blocked", "Request blocked.")
_UNKNOWN = (404, "invalid_request_error", "unknown_url", "Unknown path.")

_RESPONSES = {
    "Unauthorized": (_Type.UNAUTHORIZED, _INVALID_KEY),
    # For a wrong key, the authorizer answers Deny, which API Gateway caches. The caller gets the same error as without a key.
    "AccessDenied": (_Type.ACCESS_DENIED, _INVALID_KEY),
    "InvalidApiKey": (_Type.INVALID_API_KEY, _INVALID_KEY),
    "ExpiredToken": (_Type.EXPIRED_TOKEN, _INVALID_KEY),
    "InvalidSignature": (_Type.INVALID_SIGNATURE, _INVALID_KEY),
    "MissingAuthenticationToken": (_Type.MISSING_AUTHENTICATION_TOKEN, _UNKNOWN),
    "ResourceNotFound": (_Type.RESOURCE_NOT_FOUND, _UNKNOWN),
    "AuthorizerFailure": (_Type.AUTHORIZER_FAILURE, _INTERNAL),
    "AuthorizerConfiguration": (_Type.AUTHORIZER_CONFIGURATION_ERROR, _INTERNAL),
    "ApiConfiguration": (_Type.API_CONFIGURATION_ERROR, _INTERNAL),
    "IntegrationFailure": (_Type.INTEGRATION_FAILURE, _INTERNAL),
    "IntegrationTimeout": (_Type.INTEGRATION_TIMEOUT, _TIMEOUT),
    "Throttled": (_Type.THROTTLED, _THROTTLED),
    "QuotaExceeded": (_Type.QUOTA_EXCEEDED, _THROTTLED),
    "RequestTooLarge": (_Type.REQUEST_TOO_LARGE, _TOO_LARGE),
    "UnsupportedMediaType": (_Type.UNSUPPORTED_MEDIA_TYPE, _MEDIA_TYPE),
    "BadRequestBody": (_Type.BAD_REQUEST_BODY, _BAD_REQUEST),
    "BadRequestParameters": (_Type.BAD_REQUEST_PARAMETERS, _BAD_REQUEST),
    "WafFiltered": (_Type.WAF_FILTERED, _BLOCKED),
    # These two keep the status that API Gateway chooses.
    "Default4xx": (_Type.DEFAULT_4_XX, (None, *_BAD_REQUEST[1:])),
    "Default5xx": (_Type.DEFAULT_5_XX, (None, *_INTERNAL[1:])),
}


def add(
    api: apigateway.RestApi,
    *,
    request_id: str,
    max_request_bytes: int,
    client_auth: ClientAuth,
    shown_key: str,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Adds the error responses to `api`. `x-request-id` is the API Gateway variable that `request_id` names.

    `shown_key` says how a client sends its key. `headers` are further ones, with values in API Gateway's quotes.
    """
    refusals = caller_refusals.of(client_auth)
    for id_, (type_, usual) in _RESPONSES.items():
        status, error_type, code, message = refusals.get(id_, usual)
        said = message.format(max_request_bytes=max_request_bytes, shown_key=shown_key)
        error = {"message": said, "type": error_type, "param": None, "code": code}
        api.add_gateway_response(
            id_,
            type=type_,
            status_code=None if status is None else str(status),
            response_headers={"x-request-id": request_id, **(headers or {})},
            templates={"application/json": json.dumps({"error": error})},
        )
