"""Why a client's request is refused by its limits.

ClientLimitError              the same request may be accepted later
├── RateLimitError            429, a limit of a minute, of a day, or of requests in progress
└── CountersUnavailableError  503, the client's counters cannot be reached
OverLimitError                429, the request alone is over one of the limits
InsufficientQuotaError        429, the month's budget does not hold the request's largest possible cost
ModelWithoutPriceError        403, the client has a budget, and the model has no price
"""

from __future__ import annotations

from http import HTTPStatus

from chat_gateway.core.errors import GatewayError


class ClientLimitError(GatewayError):
    """The client's limits refuse the request now."""


class RateLimitError(ClientLimitError):
    """The request is over one of the client's limits. `wait_s`: until the limit's window ends."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "rate_limit_exceeded"

    def __init__(self, message: str, *, type_: str, wait_s: int) -> None:
        super().__init__(message)
        self.type, self.wait_s = type_, wait_s

    def headers(self) -> dict[str, str]:
        return {**super().headers(), "retry-after": str(self.wait_s)}


class CountersUnavailableError(ClientLimitError):
    """The client's counters cannot be reached."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "limits_unavailable"

    def __init__(self) -> None:
        super().__init__("The gateway cannot check this client's limits now.")


class OverLimitError(GatewayError):
    """The request needs more tokens than the limit allows at all."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    type = "tokens"
    code = "rate_limit_exceeded"
    should_retry: bool | None = False


class InsufficientQuotaError(GatewayError):
    """What is left of the month's budget does not hold the request's largest possible cost."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    type = "insufficient_quota"
    code = "insufficient_quota"
    should_retry: bool | None = False

    def __init__(self) -> None:
        super().__init__(
            "The client's monthly budget is used up, or what is left does not hold this request's largest possible cost."
        )


class ModelWithoutPriceError(GatewayError):
    """A budget cannot hold a request whose cost is not known."""

    status = HTTPStatus.FORBIDDEN
    type = "invalid_request_error"
    code = "model_without_price"

    def __init__(self) -> None:
        super().__init__(
            "The gateway knows no price for this model, and this client has a budget.", param="model"
        )
