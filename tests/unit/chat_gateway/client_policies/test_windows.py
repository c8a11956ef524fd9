"""A moment belongs to a minute, a day and a month in UTC."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.client_policies import windows
from chat_gateway.client_policies.windows import Windows
from tests.unit.chat_gateway.client_policies.counter_calls import epoch_s

MOMENTS = st.floats(0, 4_000_000_000)


@pytest.mark.parametrize(
    ("moment", "found"),
    [
        ("2026-11-26T17:02:59.999", ("m_202611261702", "d_20261126", "mo_202611")),
        ("2026-11-26T17:03:00", ("m_202611261703", "d_20261126", "mo_202611")),
        ("2026-12-31T23:59:59.999", ("m_202612312359", "d_20261231", "mo_202612")),
        ("2027-01-01T00:00:00", ("m_202701010000", "d_20270101", "mo_202701")),
        ("2028-02-29T00:00:00", ("m_202802290000", "d_20280229", "mo_202802")),
    ],
)
def test_at(moment: str, found: tuple[str, str, str]) -> None:
    """A window starts with its first moment, and ends before the next one's."""
    assert windows.at(epoch_s(moment)) == Windows(*found)


@pytest.mark.parametrize(
    ("moment", "minute_s", "day_s"),
    [
        ("2026-11-26T00:00:00", 60, 86_400),
        ("2026-11-26T00:00:00.5", 60, 86_400),
        ("2026-11-26T00:00:01", 59, 86_399),
        ("2026-11-26T23:59:59", 1, 1),
        ("2026-11-26T23:59:59.999", 1, 1),
    ],
)
def test_what_is_left(moment: str, minute_s: int, day_s: int) -> None:
    """What is left of a window is rounded up, so that nobody comes back too early, and is never 0."""
    assert windows.minute_left_s(epoch_s(moment)) == minute_s
    assert windows.day_left_s(epoch_s(moment)) == day_s


@given(MOMENTS)
def test_next_window(now_s: float) -> None:
    """After the time that is left, the window is another one."""
    assert windows.at(now_s + windows.minute_left_s(now_s)).minute != windows.at(now_s).minute
    assert windows.at(now_s + windows.day_left_s(now_s)).day != windows.at(now_s).day


@pytest.mark.parametrize(
    ("attribute", "is_present"),
    [
        ("tokens_m_202611261702", True),
        ("tokens_d_20261126", True),
        ("cost_mo_202611", True),
        ("tokens_m_202611261701", False),
        ("tokens_d_20261125", False),
        ("cost_mo_202610", False),
        ("cost_mo_202511", False),
    ],
)
def test_has(attribute: str, is_present: bool) -> None:
    """An attribute belongs to the windows whose end its name has."""
    assert windows.at(epoch_s("2026-11-26T17:02:10")).has(attribute) is is_present


@pytest.mark.parametrize(
    ("attribute", "is_earlier"),
    [
        ("tokens_m_202611261701", True),
        ("tokens_m_202510010000", True),
        ("tokens_d_20261125", True),
        ("cost_mo_202610", True),
        ("tokens_m_202611261702", False),
        ("tokens_m_202611261703", False),
        ("tokens_d_20261126", False),
        ("tokens_d_20261127", False),
        ("cost_mo_202611", False),
        ("cost_mo_202701", False),
        ("pk", False),
        ("sk", False),
        ("expires_at", False),
        ("in_progress", False),
        ("", False),
    ],
)
def test_are_after(attribute: str, is_earlier: bool) -> None:
    """An attribute of an earlier window is known by its name; other attributes belong to none."""
    assert windows.at(epoch_s("2026-11-26T17:02:10")).are_after(attribute) is is_earlier


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, "1s"),
        (59, "59s"),
        (60, "1m0s"),
        (360, "6m0s"),
        (3600, "1h0m0s"),
        (18_007, "5h0m7s"),
        (86_400, "24h0m0s"),
    ],
)
def test_duration(seconds: int, text: str) -> None:
    """A duration has the form of OpenAI's headers."""
    assert windows.duration(seconds) == text
