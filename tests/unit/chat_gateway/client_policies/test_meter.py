"""A request is counted against its client's limits, and its usage is recorded."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat_gateway.client_policies.errors import (
    CountersUnavailableError,
    InsufficientQuotaError,
    ModelWithoutPriceError,
    OverLimitError,
    RateLimitError,
)
from chat_gateway.converse.apply_guardrail import GuardrailUnavailableError
from chat_gateway.core.errors import (
    GatewayError,
    InternalError,
    InvalidRequestError,
    ResponseTooLargeError,
    UpstreamConnectionError,
    UpstreamCredentialsError,
    UpstreamProtocolError,
    UpstreamTimeoutError,
)
from tests.unit.chat_gateway.client_policies.counter_calls import NOW_S
from tests.unit.chat_gateway.client_policies.meter_calls import (
    CAP,
    CONTENT,
    MODEL,
    PROMPT_TOKENS,
    USAGE,
    Metered,
    cost_nano_usd,
)

ALL: dict[str, Any] = {
    "requests_per_minute": 9,
    "tokens_per_minute": 1000,
    "tokens_per_day": 2000,
    "monthly_budget_cents": 1,
    "concurrent_requests": 3,
}
RESERVED_COST = cost_nano_usd(PROMPT_TOKENS, CAP)
RESERVED = {
    "requests_m": 1,
    "tokens_m": PROMPT_TOKENS + CAP,
    "tokens_d": PROMPT_TOKENS + CAP,
    "cost_mo": RESERVED_COST,
}
NONE = dict.fromkeys(RESERVED, 0)


def besides_budget(fields: dict[str, Any]) -> dict[str, Any]:
    """The log fields without the share of the budget, of a client that has one."""
    assert "budget_used_percent" in fields
    return {name: value for name, value in fields.items() if name != "budget_used_percent"}


def test_reserve(metered: Metered) -> None:
    """The estimated prompt and the whole output are reserved, with their largest cost."""
    meter = metered.meter(**ALL)
    meter.reserve(CONTENT)
    assert metered.counters() == RESERVED
    assert meter.headers["x-ratelimit-remaining-tokens"] == "850"
    assert meter.headers["x-ratelimit-remaining-requests"] == "8"


def test_limits_without_a_client(metered: Metered) -> None:
    """Limits of nobody let no request through."""
    meter = metered.meter(client=None, **ALL)
    with pytest.raises(CountersUnavailableError):
        meter.reserve(CONTENT)
    assert (meter.settle(), metered.recorded.calls) == ({}, [])


def test_only_the_first_reservation_counts(metered: Metered) -> None:
    """A request that is sent a second time in another form reserves nothing more."""
    meter = metered.meter(**ALL)
    for _ in range(2):
        meter.reserve(CONTENT)
    assert metered.counters() == RESERVED
    meter.answered(USAGE)
    meter.settle()
    assert metered.slots() == {}


def test_slot_outlives_the_function(metered: Metered) -> None:
    """A reservation expires after its function must have ended, and is one of 16 hex digits."""
    metered.meter(**ALL).reserve(CONTENT)
    ((id_, expiry_s),) = metered.slots().items()
    assert re.fullmatch("[0-9a-f]{16}", id_)
    assert expiry_s == int(NOW_S) + 900 + 10


def test_answered(metered: Metered) -> None:
    """The used tokens and their cost replace the reserved ones, and are recorded for the day."""
    fields = metered.answered(**ALL)
    cost = cost_nano_usd(30, 20)
    assert besides_budget(fields) == {"cost_usd": cost / 1e9}
    assert metered.counters() == {"requests_m": 1, "tokens_m": 50, "tokens_d": 50, "cost_mo": cost}
    assert metered.slots() == {}
    assert metered.used() == {
        MODEL: {**USAGE, "requests": 1, "cost_nano_usd": cost, "tokens_only_requests": 1}
    }


def test_cost_with_the_guardrail(metered: Metered) -> None:
    """With the guardrail's price the cost has its text units, and is no cost of tokens only."""
    metered.set(guardrail_nano_usd_per_text_unit=400_000)
    fields = metered.answered(monthly_budget_cents=50)
    cost = cost_nano_usd(30, 20) + 2 * 400_000
    assert besides_budget(fields) == {"cost_usd": cost / 1e9}
    assert metered.counters()["cost_mo"] == cost
    assert metered.used()[MODEL] == {**USAGE, "requests": 1, "cost_nano_usd": cost}


def test_no_usage_charges_the_reservation(metered: Metered) -> None:
    """An answer without usage, such as an abandoned stream's, is charged and recorded as it was reserved."""
    for usage in (None, {}, {"prompt_tokens": "3", "completion_tokens": 1}):
        assert besides_budget(metered.answered(usage, **ALL)) == {"cost_usd": RESERVED_COST / 1e9}
    assert metered.counters() == {name: 3 * number for name, number in RESERVED.items()}
    assert metered.used()[MODEL] == {
        "requests": 3,
        "prompt_tokens": 3 * PROMPT_TOKENS,
        "completion_tokens": 3 * CAP,
        "cost_nano_usd": 3 * RESERVED_COST,
        "tokens_only_requests": 3,
    }


def test_usage_that_came_stays(metered: Metered) -> None:
    """A later report without usage does not replace the usage that came."""
    meter = metered.meter(**ALL)
    meter.reserve(CONTENT)
    for usage in (USAGE, None):
        meter.answered(usage)
    meter.settle()
    assert metered.counters()["tokens_m"] == 50


def lost(kind: type[GatewayError], bedrock_request_id: str | None) -> GatewayError:
    return kind("No answer.", bedrock_request_id=bedrock_request_id)


_LOST = (UpstreamTimeoutError, UpstreamConnectionError, UpstreamProtocolError, ResponseTooLargeError)


@pytest.mark.parametrize(
    "error",
    [
        InternalError(),
        UpstreamCredentialsError("expired", bedrock_request_id="id"),
        GatewayError("Bedrock's own", bedrock_request_id="id"),
        *(lost(kind, None) for kind in _LOST),
    ],
)
def test_failure_is_refunded(metered: Metered, error: GatewayError) -> None:
    """Where Bedrock answered with an error, or not at all, nothing counts, not even the request."""
    meter = metered.meter(**ALL)
    meter.reserve(CONTENT)
    meter.failed(error)
    assert besides_budget(meter.settle()) == {}
    assert (metered.counters(), metered.slots(), metered.used()) == (NONE, {}, {})


@pytest.mark.parametrize("kind", _LOST)
def test_lost_answer_is_charged(metered: Metered, kind: type[GatewayError]) -> None:
    """An answer that Bedrock began and that was lost is charged as it was reserved: Bedrock charges for it."""
    meter = metered.meter(**ALL)
    meter.reserve(CONTENT)
    meter.failed(lost(kind, "id"))
    assert besides_budget(meter.settle()) == {"cost_usd": RESERVED_COST / 1e9}
    assert metered.counters() == RESERVED
    assert metered.used()[MODEL]["requests"] == 1


def test_unchecked_answer_is_charged(metered: Metered) -> None:
    """An answer that is not released, because the guardrail could not check it, has been paid for."""
    meter = metered.meter(**ALL)
    meter.reserve(CONTENT)
    meter.failed(GuardrailUnavailableError(bedrock_request_id=None))
    meter.settle()
    assert metered.counters() == RESERVED


def test_settle_once(metered: Metered) -> None:
    """A second settling changes nothing, and has the first one's fields."""
    meter = metered.meter(**ALL)
    meter.reserve(CONTENT)
    meter.answered(USAGE)
    fields = meter.settle()
    calls = len(metered.recorded.calls)
    assert meter.settle() == fields
    assert len(metered.recorded.calls) == calls


def test_never_reserved(metered: Metered) -> None:
    """A request that was refused before it was counted takes no call."""
    meter = metered.meter(**ALL)
    meter.failed(InvalidRequestError("No."))
    assert meter.settle() == {}
    assert metered.recorded.calls == []


@pytest.mark.parametrize(
    ("limits", "error", "reached"),
    [
        ({"requests_per_minute": 1}, RateLimitError, "requests per minute"),
        ({"tokens_per_minute": 150}, RateLimitError, "tokens per minute"),
        ({"tokens_per_day": 150}, RateLimitError, "tokens per day"),
        ({"concurrent_requests": 1}, RateLimitError, "concurrent requests"),
    ],
)
def test_refused(metered: Metered, limits: dict[str, Any], error: type[Exception], reached: str) -> None:
    """A request over a limit is refused, and the log says which; settling it changes nothing."""
    metered.meter(**limits).reserve(CONTENT)
    before = metered.counters()
    meter = metered.meter(**limits)
    with pytest.raises(error) as refused:
        meter.reserve(CONTENT)
    meter.failed(refused.value)  # type: ignore[arg-type]
    assert meter.settle() == {"limits_reached": [reached]}
    assert (metered.counters(), metered.used()) == (before, {})
    if reached != "concurrent requests":
        assert meter.headers[f"x-ratelimit-remaining-{reached.split()[0]}"] == "0"


def test_used_up_budget(metered: Metered) -> None:
    """A request whose largest cost the budget does not hold any more is refused."""
    metered.set(model_prices=f'{{"{MODEL}":["40","0",null,null]}}')  # 0.4 cents for the prompt
    for _ in range(2):
        metered.meter(monthly_budget_cents=1).reserve(CONTENT)
    meter = metered.meter(monthly_budget_cents=1)
    with pytest.raises(InsufficientQuotaError):
        meter.reserve(CONTENT)
    assert meter.settle() == {"limits_reached": ["cost per month"], "budget_used_percent": 100.0}
    assert meter.headers == {}


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        ({"tokens_per_minute": 149}, OverLimitError),
        ({"tokens_per_day": 149}, OverLimitError),
    ],
)
def test_over_the_limit_alone(metered: Metered, limits: dict[str, Any], error: type[Exception]) -> None:
    """A request that is over a limit alone is refused without a call."""
    meter = metered.meter(**limits)
    with pytest.raises(error):
        meter.reserve(CONTENT)
    assert (meter.settle(), metered.recorded.calls) == ({}, [])


def test_model_without_a_price(metered: Metered) -> None:
    """A client with a budget may not use a model without a price; one without a budget may."""
    body = {"model": "my.model"}
    with pytest.raises(ModelWithoutPriceError):
        metered.meter(body=body, monthly_budget_cents=1).reserve(CONTENT)
    assert metered.recorded.calls == []
    assert metered.answered(body=body, tokens_per_day=500) == {}
    assert metered.used()["my.model"] == {**USAGE, "requests": 1, "unpriced_requests": 1}


def test_bad_number_of_choices(metered: Metered) -> None:
    """Choices that cannot be counted are the caller's error, but only where a limit counts them."""
    metered.meter(body={"n": 0}).reserve(CONTENT)
    meter = metered.meter(body={"n": 0}, requests_per_minute=9)
    with pytest.raises(InvalidRequestError):
        meter.reserve(CONTENT)
    assert (meter.settle(), metered.recorded.calls) == ({}, [])


def test_budget_used(metered: Metered) -> None:
    """The log has how much of the budget is used with the request's real cost, not with what was reserved."""
    cost = metered.answered(**ALL)["cost_usd"]
    used = metered.answered(**ALL)["budget_used_percent"]
    assert used == int(2 * cost / 0.01 * 1000) / 10
    assert used < 100 * 2 * RESERVED_COST / 10_000_000


def test_budget_used_without_a_budget(metered: Metered) -> None:
    """A client without a budget has no such field."""
    assert "budget_used_percent" not in metered.answered(requests_per_minute=9)
    assert "budget_used_percent" not in metered.answered()


def test_budget_used_up(metered: Metered) -> None:
    """A budget that refuses a request counts as used up. One that another limit refuses has its own share."""
    metered.answered({**USAGE, "completion_tokens": 90_000}, monthly_budget_cents=1)
    meter = metered.meter(monthly_budget_cents=1)
    with pytest.raises(InsufficientQuotaError):
        meter.reserve(CONTENT)
    assert meter.settle()["budget_used_percent"] == 100.0
    meter = metered.meter(monthly_budget_cents=1000, requests_per_minute=1)
    meter.reserve(CONTENT)
    refused = metered.meter(monthly_budget_cents=1000, requests_per_minute=1)
    with pytest.raises(RateLimitError):
        refused.reserve(CONTENT)
    assert 0 < refused.settle()["budget_used_percent"] < 100


def test_budget_used_if_it_cannot_be_settled(metered: Metered) -> None:
    """If the reservation stays, the share is that of the reservation."""
    meter = metered.meter(**ALL)
    meter.reserve(CONTENT)
    metered.break_down()
    meter.answered(USAGE)
    assert meter.settle()["budget_used_percent"] == RESERVED_COST * 1000 // 10_000_000 / 10
