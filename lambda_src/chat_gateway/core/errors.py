"""The errors that the HTTP API can return to a caller, in OpenAI's shape.

GatewayError                      has a status, a code and a message for the caller
├── InvalidRequestError           400, the request is malformed
├── RequestTooLargeError          413, the body is over the limit
├── ModelNotAllowedError          403, the environment or the client may not use the model
├── ClientPolicyError             403, the client may not do what the request asks for
├── GuardrailOverrideError        403, the caller tried to change the enforced guardrail
├── UnknownPathError              404, the path does not exist
├── MethodNotAllowedError         405, the path exists, the method does not
├── UpstreamCredentialsError      503, Bedrock refuses our key or role, or we have no key
├── UpstreamAccessError           403, our credentials may not use this model or guardrail
├── UpstreamError                 Bedrock answered with an error; its own status and message
├── UpstreamTimeoutError          504, Bedrock did not answer in time
├── UpstreamConnectionError       502, the connection to Bedrock failed
├── UpstreamProtocolError         502, Bedrock's answer is not a chat completion
├── ResponseTooLargeError         502, the answer is larger than the gateway's limit
└── InternalError                 500, a bug in the gateway or a wrong setting

ConfigurationError                a setting is missing or wrong; callers see InternalError
"""

from __future__ import annotations

import json
from http import HTTPStatus


class ConfigurationError(Exception):
    """A setting is missing or has a bad value. The message names the variable."""


class GatewayError(Exception):
    """An error for the caller. Its message holds nothing internal.

    `bedrock_request_id` is Bedrock's request id, None if Bedrock did not answer.
    """

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    type: str = "server_error"
    code: str | None = None
    should_retry: bool | None = None  # None: the SDK decides
    loses_answer: bool = False  # Bedrock has made an answer, and charges for it

    def __init__(
        self, message: str, *, param: str | None = None, bedrock_request_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.bedrock_request_id = bedrock_request_id

    def body(self) -> str:
        """The error as the JSON text that OpenAI's SDKs read."""
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return json.dumps({"error": error})

    def headers(self) -> dict[str, str]:
        """The error's own headers: whether and when the client should retry."""
        # openai-python and openai-node obey this header before they look at the status.
        return {} if self.should_retry is None else {"x-should-retry": str(self.should_retry).lower()}


class InvalidRequestError(GatewayError):
    """The request is malformed. `param` names the bad part, and `code` the broken rule if it has a name."""

    status = HTTPStatus.BAD_REQUEST
    type = "invalid_request_error"

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message, param=param)
        self.code = code


class RequestTooLargeError(GatewayError):
    """The request body is over the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    type = "invalid_request_error"
    code = "request_too_large"


class ModelNotAllowedError(GatewayError):
    """The model is not one of the models that the environment, or the client, may use."""

    status = HTTPStatus.FORBIDDEN
    type = "invalid_request_error"
    code = "model_not_allowed"


class ClientPolicyError(GatewayError):
    """The client's policy does not allow what the request asks for; `code` says what."""

    status = HTTPStatus.FORBIDDEN
    type = "invalid_request_error"

    def __init__(self, message: str, *, code: str, param: str | None = None) -> None:
        super().__init__(message, param=param)
        self.code = code


class GuardrailOverrideError(GatewayError):
    """The caller sent a guardrail setting that differs from the enforced one.

    `is_known`: `param` is one of AWS's setting names, not text that the caller made up.
    """

    status = HTTPStatus.FORBIDDEN
    type = "invalid_request_error"
    code = "guardrail_override_not_allowed"

    def __init__(self, message: str, *, param: str, is_known: bool) -> None:
        super().__init__(message, param=param)
        self.is_known = is_known


class UnknownPathError(GatewayError):
    """The path does not exist."""

    status = HTTPStatus.NOT_FOUND
    type = "invalid_request_error"
    code = "unknown_url"


class MethodNotAllowedError(GatewayError):
    """The path accepts other methods only: those in `allowed`, as the header `allow` names them."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    type = "invalid_request_error"
    code = "method_not_allowed"

    def __init__(self, message: str, *, allowed: str = "POST") -> None:
        super().__init__(message)
        self.allowed = allowed

    def headers(self) -> dict[str, str]:
        return {**super().headers(), "allow": self.allowed}


class UpstreamCredentialsError(GatewayError):
    """The gateway has no usable credentials for Bedrock. `is_refusal`: Bedrock refused them.

    `reason`, for the log, says why and holds no secret.
    """

    status = HTTPStatus.SERVICE_UNAVAILABLE
    type = "server_error"
    code = "upstream_credentials_invalid"
    should_retry: bool | None = False
    region: str | None = None  # that refused them, if it is not the environment's own

    def __init__(
        self, reason: str, *, bedrock_request_id: str | None = None, is_refusal: bool = False
    ) -> None:
        super().__init__(
            "The gateway's own Bedrock credentials are missing or were refused; its operator must fix them.",
            bedrock_request_id=bedrock_request_id,
        )
        self.reason, self.is_refusal = reason, is_refusal


class UpstreamCredentialsUnavailableError(UpstreamCredentialsError):
    """The secret could not be read now; a later read may succeed."""

    code = "upstream_credentials_unavailable"
    should_retry = None


class UpstreamAccessError(GatewayError):
    """Our credentials are valid, but may not use this model or guardrail. `reason` is for the log."""

    status = HTTPStatus.FORBIDDEN
    type = "permission_error"
    code = "upstream_access_denied"
    should_retry: bool | None = False

    def __init__(self, reason: str, *, bedrock_request_id: str | None = None) -> None:
        super().__init__(
            "The gateway has no access to this model or to its guardrail; its operator must grant access.",
            bedrock_request_id=bedrock_request_id,
        )
        self.reason = reason


class UpstreamError(GatewayError):
    """Bedrock's own error: its status, message, type, code, and its `retry-after` headers."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        type_: str,
        code: str | None,
        param: str | None,
        retry_headers: dict[str, str],
        bedrock_request_id: str | None,
    ) -> None:
        super().__init__(message, param=param, bedrock_request_id=bedrock_request_id)
        self.status = status
        self.type = type_
        self.code = code
        self.retry_headers = retry_headers

    def headers(self) -> dict[str, str]:
        return {**super().headers(), **self.retry_headers}


class _UnansweredError(GatewayError):
    """`was_sent`: Bedrock may have received the whole request, and may charge for the lost answer.

    `cause`, for the log, is the kind of failure in our own words.
    """

    def __init__(
        self,
        message: str,
        *,
        bedrock_request_id: str | None = None,
        was_sent: bool = True,
        cause: str | None = None,
    ) -> None:
        super().__init__(message, bedrock_request_id=bedrock_request_id)
        self.was_sent, self.cause = was_sent, cause


class UpstreamTimeoutError(_UnansweredError):
    """Bedrock did not answer within the deadline."""

    status = HTTPStatus.GATEWAY_TIMEOUT
    code = "gateway_timeout"


class UpstreamConnectionError(_UnansweredError):
    """The connection to Bedrock failed or broke."""

    status = HTTPStatus.BAD_GATEWAY
    code = "upstream_connection_error"


class UpstreamProtocolError(GatewayError):
    """Bedrock answered, but not with a chat completion."""

    status = HTTPStatus.BAD_GATEWAY
    code = "upstream_invalid_response"


class ResponseTooLargeError(GatewayError):
    """The completion is larger than the limit for answers that do not stream."""

    status = HTTPStatus.BAD_GATEWAY
    code = "response_too_large"
    should_retry: bool | None = False  # the next answer would be as large, and be paid for, too


class InternalError(GatewayError):
    """A bug in the gateway, or a wrong setting."""

    code = "internal_error"

    def __init__(self) -> None:
        super().__init__("The gateway failed to answer this request.")
