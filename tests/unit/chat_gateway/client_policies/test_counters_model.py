"""Whatever requests come and end, the counters agree with a simple model."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, precondition, rule

from chat_gateway.client_policies.charges import REQUESTS, TOKENS
from chat_gateway.client_policies.counters import Reservation
from client_keys.policy import Policy
from tests import depth
from tests.unit.chat_gateway.client_policies.counter_calls import NOW_S, Counting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REQUESTS_LIMIT, MINUTE_LIMIT, DAY_LIMIT, SLOTS = 6, 60, 150, 3
POLICY = Policy(
    max_completion_tokens=50,
    requests_per_minute=REQUESTS_LIMIT,
    tokens_per_minute=MINUTE_LIMIT,
    tokens_per_day=DAY_LIMIT,
    concurrent_requests=SLOTS,
)
LASTS_S = 90
DAY_S = 86_400
CLIENTS = itertools.count()


class Model(RuleBasedStateMachine):
    """Requests of one client, as the counters have them and as a model has them."""

    dynamodb: DynamoDBClient
    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.counters = Counting(self.dynamodb, POLICY, client_id=f"client-{next(CLIENTS)}")
        self.now_s = NOW_S - NOW_S % DAY_S + DAY_S - 300  # five minutes before midnight
        self.requests: dict[int, int] = {}  # by minute
        self.tokens: dict[tuple[int, int], int] = {}  # by window: its length, and its number
        self.live: dict[str, float] = {}  # by reservation, when it expires
        self.ids = itertools.count()

    def windows(self, now_s: float) -> list[tuple[int, int]]:
        return [(length_s, int(now_s // length_s)) for length_s in (60, DAY_S)]

    @rule(seconds=st.sampled_from([1, 20, 60, 100]))
    def wait(self, seconds: int) -> None:
        self.now_s += seconds

    @rule(target=made, tokens=st.integers(0, 40), is_sent_twice=st.booleans())
    def reserve(self, tokens: int, is_sent_twice: bool) -> object:
        """A request gets in if and only if the model has room for it; it has not more than one call for each obstacle."""
        id_, minute = f"r{next(self.ids)}", int(self.now_s // 60)
        self.live = {name: end_s for name, end_s in self.live.items() if end_s > self.now_s}
        has_room = (
            self.requests.get(minute, 0) < REQUESTS_LIMIT
            and self.tokens.get((60, minute), 0) + tokens <= MINUTE_LIMIT
            and self.tokens.get(self.windows(self.now_s)[1], 0) + tokens <= DAY_LIMIT
            and len(self.live) < SLOTS
        )
        self.counters.count_calls()
        made = self.counters.tried(id_, tokens=tokens, now_s=self.now_s, lasts_s=LASTS_S)
        assert isinstance(made, Reservation) is has_room
        assert self.counters.count_calls() <= 2
        if not isinstance(made, Reservation):
            return multiple()
        if is_sent_twice:
            made = self.counters.reserved(id_, tokens=tokens, now_s=self.now_s, lasts_s=LASTS_S)
        self.requests[minute] = self.requests.get(minute, 0) + 1
        self.add(tokens, self.now_s, self.now_s)
        self.live[id_] = int(self.now_s + LASTS_S)
        assert self.requests[minute] <= REQUESTS_LIMIT
        return made, tokens

    @rule(request=consumes(made), used=st.integers(0, 80), is_sent_twice=st.booleans())
    def settle(self, request: tuple[Reservation, int], used: int, is_sent_twice: bool) -> None:
        """A request that ends in time counts with its used tokens in the windows that are not over."""
        made, reserved = request
        if self.has_expired(made):
            return
        for _ in range(1 + is_sent_twice):
            self.counters.settle(made, {TOKENS: used}, now_s=self.now_s)
        self.add(used - reserved, made.wanted.now_s, self.now_s)

    @rule(request=consumes(made))
    def fail(self, request: tuple[Reservation, int]) -> None:
        """A failed request counts as none in the windows that are not over."""
        made, reserved = request
        if self.has_expired(made):
            return
        self.counters.settle(made, {TOKENS: 0, REQUESTS: 0}, now_s=self.now_s)
        self.add(-reserved, made.wanted.now_s, self.now_s)
        minute = int(made.wanted.now_s // 60)
        self.requests[minute] -= int(minute == self.now_s // 60)

    def has_expired(self, made: Reservation) -> bool:
        """A function that outlives its reservation was killed before, and settles nothing."""
        return self.live.pop(made.wanted.id, 0) <= self.now_s

    def add(self, tokens: int, then_s: float, now_s: float) -> None:
        for window in set(self.windows(then_s)) & set(self.windows(now_s)):
            self.tokens[window] = self.tokens.get(window, 0) + tokens

    @precondition(lambda self: self.requests)
    @rule()
    def compare(self) -> None:
        """The stored counters of the present windows are the model's, and none is negative."""
        stored, moment = self.counters.numbers(), self.counters.wanted("x", now_s=self.now_s).charges
        minute, day = self.windows(self.now_s)
        expected = (
            self.requests.get(minute[1], 0),
            self.tokens.get(minute, 0),
            self.tokens.get(day, 0),
        )
        assert tuple(stored.get(charge.attribute, 0) for charge in moment) == expected
        assert min(stored.values(), default=0) >= 0
        slots = self.counters.slots() or set()
        assert {id_ for id_, end_s in self.live.items() if end_s > self.now_s} <= slots
        assert len(slots) <= SLOTS

    def teardown(self) -> None:
        self.compare()


@pytest.mark.deep
def test_counters_agree_with_a_model(dynamodb: DynamoDBClient) -> None:
    """Reservations, settlings, failures, expiries and repetitions count as in the model, within the limits."""
    machine = type("OfThisTest", (Model,), {"dynamodb": dynamodb})
    examples = 50 if depth.IS_DEEP else 10
    machine.TestCase.settings = settings(max_examples=examples, stateful_step_count=25)  # type: ignore[attr-defined]
    machine.TestCase().runTest()  # type: ignore[attr-defined]
