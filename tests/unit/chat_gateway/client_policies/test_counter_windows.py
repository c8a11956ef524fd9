"""Counters belong to a minute, a day or a month, and old ones are removed."""

from __future__ import annotations

import pytest

from chat_gateway.client_policies.charges import COST, REQUESTS, TOKENS
from tests.unit.chat_gateway.client_policies.conftest import NewCounting
from tests.unit.chat_gateway.client_policies.counter_calls import NOW_S, epoch_s

NOTHING = {REQUESTS: 0, TOKENS: 0, COST: 0}
ALL = {
    "requests_per_minute": 2,
    "tokens_per_minute": 20,
    "tokens_per_day": 20,
    "monthly_budget_cents": 1,
}
CENT = 10_000_000


@pytest.mark.parametrize(
    ("full", "before", "after"),
    [
        ({"requests_per_minute": 1}, "2026-11-26T17:02:59.999", "2026-11-26T17:03:00"),
        ({"tokens_per_minute": 10}, "2026-11-26T17:59:59", "2026-11-26T18:00:00"),
        ({"tokens_per_day": 10}, "2026-11-26T23:59:59", "2026-11-27T00:00:00"),
        ({"monthly_budget_cents": 1}, "2026-11-30T23:59:59", "2026-12-01T00:00:00"),
        ({"monthly_budget_cents": 1}, "2026-12-31T23:59:59", "2027-01-01T00:00:00"),
    ],
)
def test_new_window_has_room(counting: NewCounting, full: dict[str, int], before: str, after: str) -> None:
    """A limit that is reached until the last moment of its window in UTC does not count in the next one."""
    counters = counting(**full)
    counters.reserved("a", cost_nano_usd=CENT, now_s=epoch_s(before))
    assert len(counters.refused("b", cost_nano_usd=CENT, now_s=epoch_s(before))) == 1
    counters.reserved("c", cost_nano_usd=CENT, now_s=epoch_s(after))


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("2026-11-26T17:02:59", "2026-11-26T17:03:00", {"tokens_d_20261126", "cost_mo_202611"}),
        ("2026-11-26T23:59:59", "2026-11-27T00:00:00", {"cost_mo_202611"}),
        ("2026-11-30T23:59:59", "2026-12-01T00:00:00", set()),
    ],
)
@pytest.mark.parametrize("used", [NOTHING, {TOKENS: 3, COST: 5}])
def test_settled_in_the_next_window(
    counting: NewCounting, before: str, after: str, kept: set[str], used: dict[str, int]
) -> None:
    """A window that is over keeps what was reserved, and the new one gets nothing and is not negative."""
    counters = counting(**ALL, concurrent_requests=5)
    made = counters.reserved("a", cost_nano_usd=CENT, now_s=epoch_s(before))
    reserved = counters.numbers()
    counters.settle(made, used, now_s=epoch_s(after))
    changed = {"tokens_d_20261126": used[TOKENS], "cost_mo_202611": used[COST]}
    assert counters.numbers() == reserved | {name: changed[name] for name in kept}
    assert counters.slots() == set()


def test_nothing_to_settle_in_the_next_window(counting: NewCounting) -> None:
    """Without a slot, a request whose windows are over takes no second call."""
    counters = counting(tokens_per_minute=100)
    made = counters.reserved("a")
    counters.count_calls()
    counters.settle(made, NOTHING, now_s=NOW_S + 60)
    assert counters.count_calls() == 0


def test_settle_removes_old_windows(counting: NewCounting) -> None:
    """Windows that ended are removed, and those of the last minute stay: another function's clock may be late."""
    counters = counting(**ALL)
    for moment in (
        "2026-10-31T12:00:00",
        "2026-11-25T12:00:00",
        "2026-11-26T17:00:10",
        "2026-11-26T17:01:50",
    ):
        counters.reserved("x", now_s=epoch_s(moment), tokens=1)
    counters.settle(counters.reserved("a", cost_nano_usd=3), {TOKENS: 2})
    assert set(counters.numbers()) == {
        "requests_m_202611261701",
        "tokens_m_202611261701",
        "requests_m_202611261702",
        "tokens_m_202611261702",
        "tokens_d_20261126",
        "cost_mo_202611",
    }


def test_yesterday_stays_for_a_minute(counting: NewCounting) -> None:
    """In the first minute of a month the last day and month stay, and then they are removed."""
    counters = counting(**ALL)
    counters.reserved("x", now_s=epoch_s("2026-11-30T23:59:59"), tokens=1)
    for moment, has_old in (("2026-12-01T00:00:59", True), ("2026-12-01T00:01:00", False)):
        made = counters.reserved("a", now_s=epoch_s(moment), tokens=5)
        counters.settle(made, {TOKENS: 4}, now_s=epoch_s(moment))
        assert ("tokens_d_20261130" in counters.numbers()) is has_old
        assert ("cost_mo_202611" in counters.numbers()) is has_old


def test_early_clock(counting: NewCounting) -> None:
    """Windows that another function's clock began before are not removed, so that no counter becomes negative."""
    counters = counting(**ALL, concurrent_requests=5)
    early = counters.reserved("early", now_s=epoch_s("2026-12-01T00:00:00"), cost_nano_usd=9)
    late_s = epoch_s("2026-11-30T23:59:59")
    counters.settle(counters.reserved("late", now_s=late_s), {TOKENS: 1}, now_s=late_s)
    counters.settle(early, {TOKENS: 4, COST: 3}, now_s=epoch_s("2026-12-01T00:00:01"))
    new = {name: number for name, number in counters.numbers().items() if "202612" in name}
    assert new == {
        "requests_m_202612010000": 1,
        "tokens_m_202612010000": 4,
        "tokens_d_20261201": 4,
        "cost_mo_202612": 3,
    }


@pytest.mark.parametrize(("old", "calls"), [(9, 0), (10, 1), (60, 1)])
def test_cleaning_alone(counting: NewCounting, old: int, calls: int) -> None:
    """Where nothing else is to be settled, only many old windows are worth a call."""
    counters = counting(requests_per_minute=9)
    counters.put({f"requests_m_2026112600{number:02}": {"N": "1"} for number in range(old)})
    made = counters.reserved("a")
    counters.count_calls()
    counters.settle(made, {})
    assert counters.count_calls() == calls
    assert len(counters.numbers()) == 1 + (old if not calls else max(0, old - 50))


def test_item_expires(counting: NewCounting) -> None:
    """The item of a client that stays away is removed by DynamoDB, later than its longest window ends."""
    counters = counting(monthly_budget_cents=1)
    counters.reserved("a", now_s=epoch_s("2026-12-01T00:00:00"))
    assert int(counters.item()["expires_at"]["N"]) > epoch_s("2027-01-31T00:00:00")
