"""The counters of limits under concurrency, on the local AWS's DynamoDB."""

from __future__ import annotations

import itertools
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat_gateway.client_policies import charges
from chat_gateway.client_policies.charges import COST, REQUESTS, TOKENS
from chat_gateway.client_policies.counters import Counters, Refusal, Reservation, Wanted
from client_keys.policy import Policy
from local.stack.local_stack import LocalStack
from tests.e2e import usage_counters

THREADS = 200
# A Thursday, ten seconds before a minute ends.
NOW_S = 1_790_000_030.0
IN_TIME_S = 60.0
_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def counters(stack: LocalStack) -> Iterator[Counters]:
    with usage_counters.counters(stack) as counters:
        yield counters


@pytest.fixture
def client_id() -> str:
    return f"exact-{next(_NUMBERS)}"


def wanted(client_id: str, policy: Policy, *, tokens: int = 0, cost: int = 0, now_s: float = NOW_S) -> Wanted:
    return Wanted(
        id=uuid.uuid4().hex[:16],
        client_id=client_id,
        charges=charges.of(policy, tokens=tokens, cost_nano_usd=cost, now_s=now_s),
        slots=policy.concurrent_requests,
        now_s=now_s,
        expires_at_s=now_s + 30,
    )


def at_once(counters: Counters, make: Callable[[int], Wanted]) -> list[Reservation | Refusal]:
    """What THREADS threads get that reserve at the same time."""
    ends_at = time.monotonic() + IN_TIME_S
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(lambda n: counters.reserve(make(n), ends_at=ends_at), range(THREADS)))


def let_through(results: list[Reservation | Refusal]) -> int:
    return Counter(type(result) for result in results)[Reservation]


def settled(counters: Counters, reservations: list[Reservation], used: dict[str, int], now_s: float) -> None:
    ends_at = time.monotonic() + IN_TIME_S
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda one: counters.settle(one, used, now_s=now_s, ends_at=ends_at), reservations))


@pytest.mark.parametrize(
    "policy",
    [
        Policy(requests_per_minute=100),
        Policy(concurrent_requests=100),
        Policy(tokens_per_minute=700, max_completion_tokens=1),
        Policy(tokens_per_day=700, max_completion_tokens=1),
        Policy(monthly_budget_cents=70, max_completion_tokens=1),
        Policy(
            requests_per_minute=100, concurrent_requests=150, tokens_per_day=10**6, max_completion_tokens=1
        ),
    ],
)
def test_exactly_a_hundred(counters: Counters, client_id: str, policy: Policy) -> None:
    """Of 200 requests at once a limit of 100 lets exactly 100 through, whatever it counts."""
    results = at_once(counters, lambda _: wanted(client_id, policy, tokens=7, cost=7_000_000))
    assert let_through(results) == 100


def test_tokens_of_different_sizes(counters: Counters, client_id: str, stack: LocalStack) -> None:
    """The reserved tokens never exceed the limit, and what is left is too small for each refused request."""
    limit = 5_000
    policy = Policy(tokens_per_minute=limit, max_completion_tokens=1)
    results = at_once(counters, lambda n: wanted(client_id, policy, tokens=1 + n % 97))
    reserved = usage_counters.counter(stack, client_id, TOKENS)
    taken = [r.wanted.charges[0].amount for r in results if isinstance(r, Reservation)]
    refused = [r.wanted.charges[0].amount for r in results if isinstance(r, Refusal)]
    assert sum(taken) == reserved <= limit
    assert refused
    assert min(refused) > limit - reserved


def test_settled_amounts(counters: Counters, client_id: str, stack: LocalStack) -> None:
    """After all requests have ended, the counters have what was used, and no request is in progress."""
    policy = Policy(
        requests_per_minute=1_000,
        tokens_per_day=10**6,
        monthly_budget_cents=100,
        concurrent_requests=200,
        max_completion_tokens=1,
    )
    results = at_once(counters, lambda _: wanted(client_id, policy, tokens=50, cost=900))
    made = [result for result in results if isinstance(result, Reservation)]
    settled(counters, made[:150], {TOKENS: 30, COST: 500}, NOW_S + 1)
    settled(counters, made[150:], {REQUESTS: 0, TOKENS: 0, COST: 0}, NOW_S + 1)
    found = {name: usage_counters.counter(stack, client_id, name) for name in (REQUESTS, TOKENS, COST)}
    assert found == {REQUESTS: 150, TOKENS: 150 * 30, COST: 150 * 500}
    assert usage_counters.item(stack, client_id)["in_progress"] == {"M": {}}


def test_windows_that_end(counters: Counters, client_id: str, stack: LocalStack) -> None:
    """A new minute lets requests in again, and settling in it removes the old minute's counters only when they are old."""
    policy = Policy(requests_per_minute=1, concurrent_requests=5)
    ends_at = time.monotonic() + IN_TIME_S

    def reserve(now_s: float) -> Reservation | Refusal:
        return counters.reserve(wanted(client_id, policy, now_s=now_s), ends_at=ends_at)

    first = reserve(NOW_S)
    assert isinstance(first, Reservation)
    assert isinstance(reserve(NOW_S + 1), Refusal)
    for minute in (60, 120, 180):
        later = reserve(NOW_S + minute)
        assert isinstance(later, Reservation)
        counters.settle(later, {REQUESTS: 1}, now_s=NOW_S + minute + 1, ends_at=ends_at)
    names = [name for name in usage_counters.item(stack, client_id) if name.startswith(REQUESTS)]
    assert len(names) == 2


def test_slots_of_dead_functions(counters: Counters, client_id: str) -> None:
    """Slots whose functions died are free again after their time, for exactly as many requests."""
    policy = Policy(concurrent_requests=20)
    assert let_through(at_once(counters, lambda _: wanted(client_id, policy))) == 20
    assert let_through(at_once(counters, lambda _: wanted(client_id, policy, now_s=NOW_S + 29))) == 0
    assert let_through(at_once(counters, lambda _: wanted(client_id, policy, now_s=NOW_S + 31))) == 20
