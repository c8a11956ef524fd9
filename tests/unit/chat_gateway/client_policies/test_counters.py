"""A client's limits let exactly their number through."""

from __future__ import annotations

from typing import Any

import pytest

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies.charges import COST, REQUESTS, TOKENS
from tests.unit.chat_gateway.client_policies.conftest import NewCounting

MINUTE, DAY, MONTH = "m_202611261702", "d_20261126", "mo_202611"
NOTHING = {REQUESTS: 0, TOKENS: 0, COST: 0}
CENT = 10_000_000  # in billionths of a US dollar


@pytest.mark.parametrize(
    ("limits", "size", "refused_by", "attribute"),
    [
        ({"requests_per_minute": 3}, {}, "requests per minute", f"requests_{MINUTE}"),
        ({"tokens_per_minute": 30}, {"tokens": 10}, "tokens per minute", f"tokens_{MINUTE}"),
        ({"tokens_per_day": 30}, {"tokens": 10}, "tokens per day", f"tokens_{DAY}"),
        ({"monthly_budget_cents": 3}, {"cost_nano_usd": CENT}, "cost per month", f"cost_{MONTH}"),
        ({"concurrent_requests": 3}, {}, "concurrent requests", None),
    ],
)
def test_each_limit_lets_its_number_through(
    counting: NewCounting,
    limits: dict[str, int],
    size: dict[str, int],
    refused_by: str,
    attribute: str | None,
) -> None:
    """Three requests reach the limit exactly; the fourth is refused, and its refusal names the limit."""
    counters = counting(**limits)
    for id_ in "abc":
        counters.reserved(id_, **size)
    before = counters.item()
    assert counters.refused("d", **size) == [refused_by]
    assert counters.item() == before
    if attribute is not None:
        assert counters.numbers() == {attribute: 3 * size.get("tokens", size.get("cost_nano_usd", 1))}


@pytest.mark.parametrize(
    ("limits", "size"),
    [
        ({"tokens_per_minute": 30}, {"tokens": 31}),
        ({"tokens_per_day": 30}, {"tokens": 2**60}),
        ({"monthly_budget_cents": 1}, {"cost_nano_usd": CENT + 1}),
    ],
)
def test_amount_over_the_limit(counting: NewCounting, limits: dict[str, int], size: dict[str, int]) -> None:
    """A client with counters gets no room for an amount that is larger than the limit."""
    counters = counting(**limits)
    counters.reserved("a", tokens=1, cost_nano_usd=1)
    before = counters.item()
    assert len(counters.refused("b", **size)) == 1
    assert counters.item() == before


def test_all_or_nothing(counting: NewCounting) -> None:
    """One limit that is reached refuses the request, and no other counter or slot changes."""
    counters = counting(requests_per_minute=9, tokens_per_minute=15, concurrent_requests=9)
    counters.reserved("a")
    before = counters.item()
    assert counters.refused("b") == ["tokens per minute"]
    assert counters.item() == before


def test_every_reached_limit_is_named(counting: NewCounting) -> None:
    """A refusal names all limits that are reached, with what each counter had."""
    counters = counting(requests_per_minute=1, tokens_per_minute=15, tokens_per_day=15)
    counters.reserved("a")
    assert counters.refused("b") == ["requests per minute", "tokens per minute", "tokens per day"]
    assert [one.value for one in counters.tried("c").counted()] == [1, 10, 10]


def test_counted_after_the_reservation(counting: NewCounting) -> None:
    """A reservation's counters include the request."""
    counters = counting(requests_per_minute=5, tokens_per_day=100)
    counters.reserved("a", tokens=30)
    assert [one.remaining for one in counters.reserved("b", tokens=30).counted()] == [3, 40]


def test_settle_replaces_the_reserved_amounts(counting: NewCounting) -> None:
    """After it was settled, a request counts with what it used; what it did not use is free again."""
    counters = counting(requests_per_minute=9, tokens_per_minute=100, monthly_budget_cents=1)
    made = counters.reserved("a", tokens=100, cost_nano_usd=CENT)
    counters.settle(made, {TOKENS: 40, COST: 7})
    assert counters.numbers() == {
        f"requests_{MINUTE}": 1,
        f"tokens_{MINUTE}": 40,
        f"cost_{MONTH}": 7,
    }
    counters.reserved("b", tokens=60, cost_nano_usd=CENT - 7)


def test_more_than_was_reserved(counting: NewCounting) -> None:
    """What a request used over its reservation counts too, and the next request is refused."""
    counters = counting(tokens_per_minute=100)
    counters.settle(counters.reserved("a", tokens=90), {TOKENS: 130})
    assert counters.numbers() == {f"tokens_{MINUTE}": 130}
    assert counters.refused("b", tokens=1) == ["tokens per minute"]


def test_settle_without_usage_keeps_the_reservation(counting: NewCounting) -> None:
    """A measure that is not known stays as it was reserved, and the slot is free."""
    counters = counting(tokens_per_minute=100, monthly_budget_cents=1, concurrent_requests=1)
    made = counters.reserved("a", tokens=30, cost_nano_usd=5)
    counters.settle(made, {})
    assert counters.numbers() == {f"tokens_{MINUTE}": 30, f"cost_{MONTH}": 5}
    assert counters.slots() == set()


def test_failure_refunds_everything(counting: NewCounting) -> None:
    """A failed request counts as none: neither its tokens, nor its cost, nor the request."""
    limits: dict[str, Any] = {"requests_per_minute": 1, "tokens_per_minute": 10, "tokens_per_day": 10}
    counters = counting(**limits, monthly_budget_cents=1, concurrent_requests=1)
    counters.settle(counters.reserved("a", cost_nano_usd=CENT), NOTHING)
    assert set(counters.numbers().values()) == {0}
    assert counters.slots() == set()
    counters.reserved("b", cost_nano_usd=CENT)


@pytest.mark.parametrize(
    ("limits", "calls"),
    [
        ({"requests_per_minute": 9}, 1),
        ({"requests_per_minute": 9, "tokens_per_day": 500, "monthly_budget_cents": 5}, 2),
        ({"requests_per_minute": 9, "concurrent_requests": 2}, 2),
    ],
)
def test_calls_of_an_ordinary_request(counting: NewCounting, limits: dict[str, int], calls: int) -> None:
    """A request takes one call, and one more where something is to be settled."""
    counters = counting(**limits)
    counters.settle(counters.reserved("first"), {TOKENS: 7})
    counters.count_calls()
    counters.settle(counters.reserved("a"), {TOKENS: 7})
    assert counters.count_calls() == calls


def test_refusal_takes_one_call(counting: NewCounting) -> None:
    """A refused request takes one call."""
    counters = counting(requests_per_minute=1)
    counters.reserved("a")
    counters.count_calls()
    counters.refused("b")
    assert counters.count_calls() == 1


def test_clients_do_not_share(counting: NewCounting) -> None:
    """A client's requests do not count for another client."""
    counters = counting(requests_per_minute=1)
    counters.reserved("a")
    other = counters.wanted("b")._replace(client_id="team-b")
    counters.recorded.calls.clear()
    assert counters.tried_as(other).counted()[0].remaining == 0
    assert counters.refused("c") == ["requests per minute"]


class Failing:
    """A DynamoDB that refuses every call."""

    def call(
        self, operation: str, parameters: object, *, ends_at: float = 0, is_repeatable: bool = True
    ) -> dict[str, Any]:
        raise AwsCallError(operation, "AccessDeniedException")


def test_failed_calls_are_raised(counting: NewCounting) -> None:
    """A call that fails for another reason than its condition is an error, of both operations."""
    counters = counting(tokens_per_minute=100)
    made = counters.reserved("a")
    counters.use(Failing())
    with pytest.raises(AwsCallError, match="AccessDenied"):
        counters.tried("b")
    with pytest.raises(AwsCallError, match="AccessDenied"):
        counters.settle(made, NOTHING)
