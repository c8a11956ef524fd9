"""Exceptions for answers other than a completion. Statuses and messages are as recorded from bedrock-runtime.

RefusalError               an HTTP error in the form of the called API
└── FrontDoorRefusalError  an HTTP error from AWS's front door, before any API is reached
ConnectionDroppedError     the connection ends without an answer, or in the middle of an answer
"""

from __future__ import annotations

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


class RefusalError(Exception):
    """An HTTP error. `message` is for the caller. `param` is the parameter that caused it, or None."""

    def __init__(self, status: int, message: str, *, param: str | None = None) -> None:
        super().__init__(f"HTTP {status}: {message}")
        self.status = status
        self.message = message
        self.param = param
        error_class = AWS_ERROR_CLASSES.get(status)
        self.headers = {"x-amzn-errortype": error_class} if error_class else {}


class FrontDoorRefusalError(RefusalError):
    """An error from AWS's front door. Its body has one key, `message_key`, for every API."""

    def __init__(
        self, status: int, message: str, *, message_key: str = "Message", error_class: str | None = None
    ) -> None:
        super().__init__(status, message)
        self.body: JsonObject = {message_key: message}
        if error_class:
            self.headers = {"x-amzn-errortype": error_class}


class ConnectionDroppedError(Exception):
    """A fault closes the connection here."""


def validation_error(message: str, param: str | None = None) -> RefusalError:
    """A 400 for a wrong request."""
    return RefusalError(400, message, param=param)


def model_not_found(model: str) -> RefusalError:
    """A 404. Claude and Nova get it too on chat completions, as recorded."""
    return RefusalError(404, f"The model doesn't exist or cannot be used with this API: {model}")


def authentication_failed() -> FrontDoorRefusalError:
    """A 403 for an unknown key."""
    return FrontDoorRefusalError(403, "Authentication failed: Please make sure your API Key is valid.")


def bearer_token_expired() -> FrontDoorRefusalError:
    """A 403 for an expired key."""
    return FrontDoorRefusalError(403, "Bearer Token has expired")


def signature_refused(error_class: str, message: str) -> FrontDoorRefusalError:
    """A 403 for a signed request. The header x-amzn-errortype has `error_class`."""
    return FrontDoorRefusalError(403, message, message_key="message", error_class=error_class)


def server_error(message: str, status: int = 500) -> RefusalError:
    """A 5xx: the stand-in, its generator or the emulator failed."""
    return RefusalError(status, message)
