"""What a caller gets whose limits refuse a request."""

from __future__ import annotations

import json

import pytest

from chat_gateway.client_policies.errors import (
    ClientLimitError,
    CountersUnavailableError,
    InsufficientQuotaError,
    ModelWithoutPriceError,
    OverLimitError,
    RateLimitError,
)
from chat_gateway.core.errors import GatewayError

RATE = RateLimitError("Wait.", type_="tokens", wait_s=37)


@pytest.mark.parametrize(
    ("error", "status", "type_", "code", "headers"),
    [
        (RATE, 429, "tokens", "rate_limit_exceeded", {"retry-after": "37"}),
        (OverLimitError("No."), 429, "tokens", "rate_limit_exceeded", {"x-should-retry": "false"}),
        (
            InsufficientQuotaError(),
            429,
            "insufficient_quota",
            "insufficient_quota",
            {"x-should-retry": "false"},
        ),
        (ModelWithoutPriceError(), 403, "invalid_request_error", "model_without_price", {}),
        (CountersUnavailableError(), 503, "server_error", "limits_unavailable", {}),
    ],
)
def test_error(error: GatewayError, status: int, type_: str, code: str, headers: dict[str, str]) -> None:
    """Each has a status, OpenAI's fields, and headers that say whether and when to try again."""
    assert (error.status, error.headers()) == (status, headers)
    body = json.loads(error.body())["error"]
    assert body == {"message": error.message, "type": type_, "param": error.param, "code": code}
    assert error.bedrock_request_id is None


@pytest.mark.parametrize(
    ("error", "may_pass"),
    [
        (RATE, True),
        (CountersUnavailableError(), True),
        (OverLimitError("No."), False),
        (InsufficientQuotaError(), False),
        (ModelWithoutPriceError(), False),
    ],
)
def test_passing_errors(error: GatewayError, may_pass: bool) -> None:
    """A job is put back only for those that may pass."""
    assert isinstance(error, ClientLimitError) is may_pass


def test_model_is_the_bad_parameter() -> None:
    """The error about a model without a price names the parameter."""
    assert ModelWithoutPriceError().param == "model"
