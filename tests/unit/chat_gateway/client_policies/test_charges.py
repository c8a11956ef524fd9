"""What a request adds to counters, and what its caller learns of them."""

from __future__ import annotations

from typing import Any

import pytest

from chat_gateway.client_policies import charges
from chat_gateway.client_policies.charges import COST, Charge, Counted
from chat_gateway.client_policies.errors import InsufficientQuotaError, OverLimitError, RateLimitError
from client_keys.policy import UNLIMITED, Policy
from tests.unit.chat_gateway.client_policies.counter_calls import NOW_S

POLICY = Policy(
    max_completion_tokens=100,
    requests_per_minute=5,
    tokens_per_minute=1000,
    tokens_per_day=4000,
    monthly_budget_cents=3,
)
DAY_LEFT_S = 86_400 - (17 * 3600 + 2 * 60 + 10)


def of(policy: Policy = POLICY, *, tokens: int = 20, cost_nano_usd: int = 7) -> tuple[Charge, ...]:
    return charges.of(policy, tokens=tokens, cost_nano_usd=cost_nano_usd, now_s=NOW_S)


def test_one_charge_for_each_limit() -> None:
    """Each limit has a charge, with its counter, and when that counter's window ends at the earliest."""
    assert of() == (
        ("requests", "minute", "requests_m_202611261702", 1, 5, 50),
        ("tokens", "minute", "tokens_m_202611261702", 20, 1000, 50),
        ("tokens", "day", "tokens_d_20261126", 20, 4000, DAY_LEFT_S),
        ("cost", "month", "cost_mo_202611", 7, 30_000_000, DAY_LEFT_S),
    )


def test_no_limit_no_charge() -> None:
    """Without limits of a window there are no charges."""
    assert of(UNLIMITED) == of(Policy(concurrent_requests=3)) == ()


@pytest.mark.parametrize(("tokens", "cost_nano_usd"), [(1000, 7), (20, 30_000_000)])
def test_reaching_a_limit_is_possible(tokens: int, cost_nano_usd: int) -> None:
    """A request may use a limit up alone."""
    charges.require_possible(of(tokens=tokens, cost_nano_usd=cost_nano_usd))


def test_impossible_tokens() -> None:
    """A request that is over a limit alone is refused for good, and the error says both numbers."""
    with pytest.raises(OverLimitError, match=r"may use 1001 tokens.* may use 1000 per minute"):
        charges.require_possible(of(tokens=1001))
    with pytest.raises(OverLimitError, match="may use 4000 per day"):
        charges.require_possible(of(POLICY._replace(tokens_per_minute=None), tokens=4001))


def test_impossible_cost() -> None:
    """A request that may cost more than the whole budget is refused as if the budget were used up."""
    with pytest.raises(InsufficientQuotaError):
        charges.require_possible(of(cost_nano_usd=30_000_001))


def over(*numbers: int) -> list[Charge]:
    return [of()[number] for number in numbers]


@pytest.mark.parametrize(
    ("numbers", "type_", "wait_s", "words"),
    [
        ((0,), "requests", 50, "5 requests per minute. Try again in 50s."),
        ((1,), "tokens", 50, "1000 tokens per minute. Try again in 50s."),
        ((2,), "tokens", DAY_LEFT_S, "4000 tokens per day. Try again in 6h57m50s."),
        ((2, 0, 1), "tokens", DAY_LEFT_S, "4000 tokens per day. Try again in 6h57m50s."),
        ((), "requests", 1, "as many requests in progress as it may have."),
    ],
)
def test_error(numbers: tuple[int, ...], type_: str, wait_s: int, words: str) -> None:
    """A refusal says how long to wait: until the last of the limits that refuse has room."""
    error = charges.error(over(*numbers))
    assert isinstance(error, RateLimitError)
    assert error.message.endswith(words)
    assert (error.type, error.wait_s) == (type_, wait_s)


def test_used_up_budget_comes_first() -> None:
    """Of several reached limits, the budget is the one that a caller learns."""
    assert isinstance(charges.error(over(0, 1, 3)), InsufficientQuotaError)


def test_described() -> None:
    """The log names the limits that refuse a request."""
    assert charges.described(over(0, 2, 3)) == ["requests per minute", "tokens per day", "cost per month"]
    assert charges.described([]) == ["concurrent requests"]


def counted(*values: int) -> list[Counted]:
    return [Counted(charge, value) for charge, value in zip(of(), values, strict=True)]


def test_headers() -> None:
    """The headers are OpenAI's; the budget is not among them."""
    assert charges.headers(counted(2, 400, 400, 7)) == {
        "x-ratelimit-limit-requests": "5",
        "x-ratelimit-remaining-requests": "3",
        "x-ratelimit-reset-requests": "50s",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "600",
        "x-ratelimit-reset-tokens": "50s",
    }


def test_headers_of_the_tighter_limit() -> None:
    """Of two limits of tokens the headers tell the one with less left."""
    headers = charges.headers(counted(1, 100, 3900, 0))
    assert headers["x-ratelimit-limit-tokens"] == "4000"
    assert headers["x-ratelimit-remaining-tokens"] == "100"
    assert headers["x-ratelimit-reset-tokens"] == "6h57m50s"


@pytest.mark.parametrize("policy", [UNLIMITED, Policy(concurrent_requests=1)])
def test_no_headers(policy: Policy) -> None:
    """Without limits of a window there are no headers."""
    found: list[Any] = [Counted(charge, 0) for charge in of(policy)]
    assert charges.headers(found) == {}


def test_remaining_is_never_negative() -> None:
    """A counter over its limit has nothing left."""
    assert Counted(of()[0], 9).remaining == 0


def test_budget_of_a_wrong_counter() -> None:
    """A counter that somebody set below its reservation is a budget of which nothing is used."""
    charge = Charge(COST, "month", "cost_m_202611", amount=500, limit=1000, window_left_s=9)
    assert charges.budget_used_percent([Counted(charge, -7)], {}) == 0
    assert charges.budget_used_percent([Counted(charge, 600)], {COST: 250}) == 35
