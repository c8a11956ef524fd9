"""What API Gateway answers to callers that it refuses, if they sign their requests or send a JWT in place of a key."""

from __future__ import annotations

from collections.abc import Mapping

from infra.settings.client_auth import ClientAuth

# Status, type, code and message.
Refusal = tuple[int | None, str, str, str]

_TYPE = "invalid_request_error"
_UNSIGNED: Refusal = (
    401,
    _TYPE,
    "invalid_signature",
    "Sign the request with AWS Signature Version 4 for the service execute-api, with credentials that have not expired.",
)
_NOT_ALLOWED: Refusal = (
    403,
    _TYPE,
    "access_denied",
    "The IAM role or user that signed this request may not call this API: it needs execute-api:Invoke.",
)
# AWS does not say under which type it refuses an Authorization header that holds a key in place of a signature.
_OTHER: Refusal = (
    None,
    _TYPE,
    "bad_request",
    "The request or its signature is not valid. Requests are signed with AWS Signature Version 4 for the service execute-api.",
)
_WRONG_TOKEN: Refusal = (
    401,
    _TYPE,
    "invalid_api_key",
    "Missing or refused token. Send your JWT as `Authorization: Bearer <token>`; an expired token must be renewed.",
)
_BY_AUTH: Mapping[ClientAuth, Mapping[str, Refusal]] = {
    ClientAuth.KEYS: {},
    ClientAuth.IAM: {
        "Unauthorized": _UNSIGNED,
        "AccessDenied": _NOT_ALLOWED,
        "ExpiredToken": _UNSIGNED,
        "InvalidSignature": _UNSIGNED,
        # Each path has a route, so that this is the answer to a request without a signature.
        "MissingAuthenticationToken": _UNSIGNED,
        "Default4xx": _OTHER,
    },
    ClientAuth.JWT: {"Unauthorized": _WRONG_TOKEN, "AccessDenied": _WRONG_TOKEN},
}


def of(client_auth: ClientAuth) -> Mapping[str, Refusal]:
    """The refusals that differ from those of callers with keys, by the ids of the error responses."""
    return _BY_AUTH[client_auth]
