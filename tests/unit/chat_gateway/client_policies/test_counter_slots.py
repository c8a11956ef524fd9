"""Requests in progress take slots, which are free again when they end or expire."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chat_gateway.client_policies import counters as module
from chat_gateway.client_policies.charges import TOKENS
from chat_gateway.client_policies.clients_table import DynamoDb
from chat_gateway.client_policies.counters import Refusal
from tests.unit.chat_gateway.client_policies.conftest import NewCounting
from tests.unit.chat_gateway.client_policies.counter_calls import LASTS_S, NOW_S, Counting

MINUTE = "m_202611261702"
LATER_S = NOW_S + LASTS_S
DEAD = {f"dead-{number}": {"N": str(int(NOW_S))} for number in range(200)}


class Interrupted:
    """DynamoDB, with something that happens before each call."""

    def __init__(self, dynamodb: DynamoDb, *before: Callable[[], object]) -> None:
        self._dynamodb, self._before = dynamodb, list(before)

    def call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        ends_at: float = math.inf,
        is_repeatable: bool = True,
    ) -> dict[str, Any]:
        if self._before:
            self._before.pop(0)()
        return self._dynamodb.call(operation, parameters, ends_at=ends_at, is_repeatable=is_repeatable)


def interrupt(counters: Counting, *before: Callable[[], object]) -> None:
    """Makes something happen before each of the next calls."""
    counters.use(Interrupted(counters.recorded.dynamodb, *before))


def test_first_use_makes_the_map(counting: NewCounting) -> None:
    """A client's first request makes the map of slots with a second call; the next one needs none."""
    counters = counting(concurrent_requests=2)
    counters.reserved("a")
    assert (counters.slots(), counters.count_calls()) == ({"a"}, 2)
    counters.reserved("b")
    assert (counters.slots(), counters.count_calls()) == ({"a", "b"}, 1)


def test_limit_given_later(counting: NewCounting) -> None:
    """An item that has counters and no map gets one."""
    counting(requests_per_minute=9).reserved("a")
    counters = counting(requests_per_minute=9, concurrent_requests=1)
    counters.reserved("b")
    assert (counters.slots(), counters.numbers()) == ({"b"}, {f"requests_{MINUTE}": 2})


def test_race_to_make_the_map(counting: NewCounting) -> None:
    """A request whose map was made by another one at the same moment gets in."""
    counters = counting(concurrent_requests=2)
    other = {"in_progress": {"M": {"other": {"N": str(int(LATER_S))}}}}
    interrupt(counters, lambda: None, lambda: counters.put(other))
    counters.reserved("a")
    assert (counters.slots(), counters.count_calls()) == ({"a", "other"}, 3)


def test_settled_slot_is_free(counting: NewCounting) -> None:
    """A slot that is taken refuses a request with one call; when it was settled, it is the next request's."""
    counters = counting(concurrent_requests=1)
    made = counters.reserved("a")
    counters.count_calls()
    assert counters.refused("b") == ["concurrent requests"]
    assert counters.count_calls() == 1
    counters.settle(made, {})
    counters.reserved("b")
    assert counters.slots() == {"b"}


def test_expired_slots_are_removed(counting: NewCounting) -> None:
    """The slots of functions that died let a request in when they have expired, with three calls in all."""
    counters = counting(concurrent_requests=2)
    counters.reserved("a")
    counters.reserved("b")
    assert counters.refused("c", now_s=LATER_S - 1) == ["concurrent requests"]
    counters.count_calls()
    made = counters.reserved("d", now_s=LATER_S)
    counters.settle(made, {}, now_s=LATER_S)
    assert (counters.slots(), counters.count_calls()) == (set(), 3)


def test_settle_removes_expired_slots(counting: NewCounting) -> None:
    """An expired slot that stands in nobody's way is removed by the next request's settling."""
    counters = counting(concurrent_requests=9)
    counters.reserved("dead", lasts_s=5)
    counters.settle(counters.reserved("a", now_s=NOW_S + 5), {}, now_s=NOW_S + 5)
    assert counters.slots() == set()


def test_live_slots_stay(counting: NewCounting) -> None:
    """Of a full map only the expired slots are replaced."""
    counters = counting(concurrent_requests=2)
    counters.reserved("dead", lasts_s=5)
    counters.reserved("live")
    counters.reserved("a", now_s=NOW_S + 5)
    assert counters.slots() == {"live", "a"}
    assert counters.refused("b", now_s=NOW_S + 5) == ["concurrent requests"]


def test_race_for_an_expired_slot(counting: NewCounting) -> None:
    """Two requests that see the same expired slot do not both get it."""
    counters = counting(concurrent_requests=1)
    counters.reserved("dead", lasts_s=5)
    rival = {"in_progress": {"M": {"rival": {"N": str(int(LATER_S))}}}}
    interrupt(counters, lambda: None, lambda: counters.put(rival))
    assert counters.refused("a", now_s=NOW_S + 5) == ["concurrent requests"]
    assert counters.slots() == {"rival"}


@pytest.mark.parametrize("limit", [200, 1])
def test_map_full_of_expired_slots(counting: NewCounting, limit: int) -> None:
    """Any number of expired slots lets a request in, also if the client's limit was larger before."""
    counters = counting(concurrent_requests=limit)
    counters.put({"in_progress": {"M": DEAD}})
    counters.reserved("a")
    assert (counters.slots(), counters.count_calls()) == ({"a"}, 2)


def test_map_too_full_of_live_slots(counting: NewCounting) -> None:
    """If the limit was larger before, live slots over it refuse a request, however many have expired."""
    counters = counting(concurrent_requests=2)
    live = {f"live-{number}": {"N": str(int(LATER_S))} for number in range(3)}
    counters.put({"in_progress": {"M": DEAD | live}})
    assert counters.refused("a") == ["concurrent requests"]


def test_expressions_are_short_enough(counting: NewCounting) -> None:
    """Whatever is removed, an expression has less than DynamoDB's 4 KB, and 300 operators."""
    counters = counting(concurrent_requests=200)
    windows = {f"tokens_m_2026112600{number:02}": {"N": "1"} for number in range(60)}
    for expired in (50, 51):
        slots = dict(list(DEAD.items())[:expired])
        live = {f"live-{number}": {"N": str(int(LATER_S))} for number in range(200 - expired)}
        counters.put({**windows, "in_progress": {"M": slots | live}})
        counters.settle(counters.reserved("a"), {})
    for call in counters.recorded.calls:
        for name in ("UpdateExpression", "ConditionExpression"):
            assert len(call[name]) < 4096
            assert call[name].count("(") + call[name].count(" AND ") + call[name].count(",") < 300


def test_lost_answer_of_a_reservation(counting: NewCounting) -> None:
    """A reservation that is sent again, because its answer was lost, counts once."""
    counters = counting(requests_per_minute=9, concurrent_requests=9)
    counters.reserved("a")
    made = counters.reserved("a")
    assert counters.numbers() == {f"requests_{MINUTE}": 1}
    assert [one.value for one in made.counted()] == [1]
    counters.settle(made, {})
    assert counters.slots() == set()


def test_lost_answer_at_the_limit(counting: NewCounting) -> None:
    """A reservation that is sent again is not refused by itself."""
    counters = counting(requests_per_minute=1, concurrent_requests=1)
    counters.reserved("a")
    counters.reserved("a")


def test_lost_answer_of_a_settling(counting: NewCounting) -> None:
    """A settling that is sent again counts once."""
    counters = counting(tokens_per_minute=100, concurrent_requests=9)
    made = counters.reserved("a", tokens=50)
    for _ in range(2):
        counters.settle(made, {TOKENS: 20})
    assert counters.numbers() == {f"tokens_{MINUTE}": 20}


@pytest.mark.parametrize(("limits", "is_repeatable"), [({}, False), ({"concurrent_requests": 9}, True)])
def test_settling_may_be_repeated_with_a_slot(
    counting: NewCounting, limits: dict[str, int], is_repeatable: bool
) -> None:
    """Without a slot DynamoDB cannot see that a settling is repeated, so that it is sent once."""
    counters = counting(tokens_per_minute=100, **limits)
    counters.settle(counters.reserved("a"), {TOKENS: 1})
    assert counters.recorded.are_repeatable[-1] is is_repeatable


def test_many_rivals(counting: NewCounting) -> None:
    """A request that other requests overtake at each call is refused in the end, and not asked for ever."""
    counters = counting(concurrent_requests=1)
    dead = [{"in_progress": {"M": {name: DEAD["dead-0"]}}} for name in "pqrs"]
    interrupt(counters, *(lambda item=item: counters.put(item) for item in dead))
    refusal = counters.tried("a")
    assert isinstance(refusal, Refusal)
    assert counters.count_calls() == module._MAX_CALLS
