"""The errors that a caller of the HTTP API can get, in OpenAI's shape.

GatewayError                      has a status, a code and a message that may be shown to the caller
├── InvalidRequestError           400, the caller's request cannot be answered as it is
├── RequestTooLargeError          413, the body is over the limit
├── ModelNotAllowedError          403, the environment does not allow the model
├── GuardrailOverrideError        403, the caller tried to change the enforced guardrail
├── UnknownPathError              404, no such path
├── MethodNotAllowedError         405, the path exists, the method does not
├── UpstreamCredentialsError      503, Bedrock refuses our key or role, or there is no key to send
├── UpstreamAccessError           403, our credentials may not use this model or guardrail
├── UpstreamError                 Bedrock answered with an error; its own status and message
├── UpstreamTimeoutError          504, Bedrock did not answer in time
├── UpstreamConnectionError       502, the connection to Bedrock failed
├── UpstreamProtocolError         502, Bedrock's answer is not a chat completion
├── ResponseTooLargeError         502, the answer is larger than the gateway reads
└── InternalError                 500, a fault of ours

ConfigurationError                a deployment's setting is missing or wrong; callers see InternalError
"""

from __future__ import annotations

import json
from http import HTTPStatus


class ConfigurationError(Exception):
    """A setting is missing or has a bad value; the message names it."""


class GatewayError(Exception):
    """An answer to the caller that is not a completion. Its message holds nothing internal.

    `bedrock_request_id` is Bedrock's own id where it answered, None where it did not or was not asked.
    """

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    type: str = "server_error"
    code: str | None = None
    should_retry: bool | None = None  # None leaves it to the SDK's own rule

    def __init__(
        self, message: str, *, param: str | None = None, bedrock_request_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.bedrock_request_id = bedrock_request_id

    def body(self) -> str:
        """The JSON text that OpenAI's SDKs read errors from."""
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return json.dumps({"error": error})

    def headers(self) -> dict[str, str]:
        """Headers that belong to this error: whether and when to try again."""
        # openai-python and openai-node obey it before looking at the status.
        return {} if self.should_retry is None else {"x-should-retry": str(self.should_retry).lower()}


class InvalidRequestError(GatewayError):
    """The request is malformed; `param` names the part, `code` the rule where it has a name."""

    status = HTTPStatus.BAD_REQUEST
    type = "invalid_request_error"

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message, param=param)
        self.code = code


class RequestTooLargeError(GatewayError):
    """The body is over the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    type = "invalid_request_error"
    code = "request_too_large"


class ModelNotAllowedError(GatewayError):
    """The environment names the models that may be called, and this is none of them."""

    status = HTTPStatus.FORBIDDEN
    type = "invalid_request_error"
    code = "model_not_allowed"


class GuardrailOverrideError(GatewayError):
    """The caller named a guardrail setting that differs from what this environment enforces.

    `is_known`: `param` is a name that AWS gives, and no word of the caller's.
    """

    status = HTTPStatus.FORBIDDEN
    type = "invalid_request_error"
    code = "guardrail_override_not_allowed"

    def __init__(self, message: str, *, param: str, is_known: bool) -> None:
        super().__init__(message, param=param)
        self.is_known = is_known


class UnknownPathError(GatewayError):
    """There is nothing at this path."""

    status = HTTPStatus.NOT_FOUND
    type = "invalid_request_error"
    code = "unknown_url"


class MethodNotAllowedError(GatewayError):
    """The path answers POST only."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    type = "invalid_request_error"
    code = "method_not_allowed"

    def headers(self) -> dict[str, str]:
        return {**super().headers(), "allow": "POST"}


class UpstreamCredentialsError(GatewayError):
    """No usable credentials for Bedrock. `reason` is for the log: it says what is wrong, and holds no secret."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    type = "server_error"
    code = "upstream_credentials_invalid"
    should_retry: bool | None = False

    def __init__(self, reason: str, *, bedrock_request_id: str | None = None) -> None:
        super().__init__(
            "The gateway's own Bedrock credentials are missing or were refused; its operator must act.",
            bedrock_request_id=bedrock_request_id,
        )
        self.reason = reason


class UpstreamCredentialsUnavailableError(UpstreamCredentialsError):
    """The secret could not be read now; it may be a minute later."""

    code = "upstream_credentials_unavailable"
    should_retry = None


class UpstreamAccessError(GatewayError):
    """Our credentials are good, but may not use this model or this guardrail. `reason` is for the log."""

    status = HTTPStatus.FORBIDDEN
    type = "permission_error"
    code = "upstream_access_denied"
    should_retry: bool | None = False

    def __init__(self, reason: str, *, bedrock_request_id: str | None = None) -> None:
        super().__init__(
            "The gateway may not use this model, or its guardrail with it; its operator must grant access.",
            bedrock_request_id=bedrock_request_id,
        )
        self.reason = reason


class UpstreamError(GatewayError):
    """Bedrock's own error: its status, message, type and code, and the wait it asked for as it said it."""

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
    """`was_sent`: Bedrock may have had the whole request, and may charge for the answer that did not arrive.

    `cause` is for the log: the kind of failure, in words of ours.
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
    """The connection to Bedrock could not be made, or broke."""

    status = HTTPStatus.BAD_GATEWAY
    code = "upstream_connection_error"


class UpstreamProtocolError(GatewayError):
    """Bedrock answered, but not with a chat completion."""

    status = HTTPStatus.BAD_GATEWAY
    code = "upstream_invalid_response"


class ResponseTooLargeError(GatewayError):
    """The completion is larger than what the gateway reads and returns in one piece."""

    status = HTTPStatus.BAD_GATEWAY
    code = "response_too_large"


class InternalError(GatewayError):
    """A fault in our own code."""

    code = "internal_error"

    def __init__(self) -> None:
        super().__init__("The gateway failed to answer this request.")
