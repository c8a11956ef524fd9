"""How long jobs stay hidden after they are put back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.jobs import delays as job_delays
from chat_gateway.jobs.delays import JobDelays
from chat_gateway.jobs.sqs_limits import MAX_HIDDEN_S

RECEIVES = st.integers(min_value=1, max_value=1000)
CHANCES = st.floats(min_value=0, max_value=1)
ASKED = st.none() | st.floats(min_value=0, max_value=1e12)


def delays(chance: float = 1.0, *, first_s: int = 15, max_s: int = 900) -> JobDelays:
    return JobDelays(first_s=first_s, max_s=max_s, chance=lambda: chance)


def test_the_bound_doubles_with_every_receive_up_to_the_longest() -> None:
    assert [delays().after(receives) for receives in range(1, 9)] == [15, 30, 60, 120, 240, 480, 900, 900]


@given(RECEIVES, CHANCES)
def test_the_wait_is_anywhere_from_nothing_to_the_bound(receives: int, chance: float) -> None:
    assert 0 <= delays(chance).after(receives) <= delays(1.0).after(receives) <= 900


@given(RECEIVES, CHANCES, st.floats(min_value=0, max_value=MAX_HIDDEN_S))
def test_it_is_never_shorter_than_what_bedrock_asked_for(
    receives: int, chance: float, asked_s: float
) -> None:
    assert delays(chance).after(receives, asked_s=asked_s) >= asked_s


@given(RECEIVES, CHANCES, ASKED, st.integers(1, MAX_HIDDEN_S), st.integers(1, MAX_HIDDEN_S))
def test_it_is_always_one_that_sqs_takes(
    receives: int, chance: float, asked_s: float | None, first_s: int, max_s: int
) -> None:
    delay_s = delays(chance, first_s=first_s, max_s=max_s).after(receives, asked_s=asked_s)
    assert isinstance(delay_s, int)
    assert 0 <= delay_s <= MAX_HIDDEN_S


@given(st.floats(min_value=0, max_value=1e6), st.floats(min_value=-1e6, max_value=1e6))
def test_a_wait_until_a_moment_ends_after_it_and_is_one_that_sqs_takes(now_s: float, ahead_s: float) -> None:
    wait_s = job_delays.until(now_s + ahead_s, now_s=now_s)
    assert 0 <= wait_s <= MAX_HIDDEN_S
    assert wait_s >= min(ahead_s, MAX_HIDDEN_S)
