"""Why a signed request is refused. The messages name what an operator can run, and no ARN.

NotAClientError                  403, the caller's role belongs to no client
ClientNotActiveError             403, the client is suspended or has expired
ClientsUnavailableError          503, the table of clients cannot be read
"""

from __future__ import annotations

from http import HTTPStatus

from chat_gateway.core.errors import GatewayError


class NotAClientError(GatewayError):
    """The role or user that signed the request belongs to no client."""

    status = HTTPStatus.FORBIDDEN
    type = "invalid_request_error"
    code = "unknown_client"
    should_retry: bool | None = False

    def __init__(self) -> None:
        super().__init__(
            "The IAM role or user that signed this request is not a client of the gateway. An operator can add it with "
            "`chat-gateway clients create ID --role-arn ARN`; `aws sts get-caller-identity` shows the ARN."
        )


class ClientNotActiveError(GatewayError):
    """The client is suspended, or has expired."""

    status = HTTPStatus.FORBIDDEN
    type = "invalid_request_error"
    code = "client_not_active"
    should_retry: bool | None = False

    def __init__(self) -> None:
        super().__init__(
            "The client of this IAM role or user is suspended or has expired. An operator can let it in again: "
            "chat-gateway clients resume ID, or clients update ID --expires DATE."
        )


class ClientsUnavailableError(GatewayError):
    """The table of clients cannot be read now. `reason` is for the log."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "clients_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__("The gateway cannot look up this client now.")
        self.reason = reason
