"""Ranges of days are read strictly, and include their first and last day."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_cli.usage import days

LAST = date(2026, 11, 27)


@given(st.text() | st.from_regex(r"[0-9]{1,5}d?|[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True))
def test_any_text_is_a_range_or_an_error(text: str) -> None:
    """Any --since is 1 to 400 successive days that end with the last one, or a ValueError."""
    try:
        found = days.between(days.parse_since(text), LAST)
    except ValueError:
        return
    assert 1 <= len(found) <= days.MAX_DAYS
    assert found[-1] == LAST
    assert {later - earlier for earlier, later in pairwise(found)} <= {timedelta(days=1)}


@given(st.dates())
def test_written_days_are_read(day: date) -> None:
    """A day is read as it is written."""
    assert days.parse(str(day)) == day == days.parse_since(str(day))


@given(st.dates() | st.integers(1, days.MAX_DAYS), st.dates())
def test_any_two_days_are_a_range_or_an_error(since: date | int, until: date) -> None:
    """No two days raise anything but a ValueError."""
    try:
        found = days.between(since, until)
    except ValueError:
        return
    assert found[0] == since or len(found) == since


@pytest.mark.parametrize(
    ("since", "until", "first", "count"),
    [
        ("7d", LAST, date(2026, 11, 21), 7),
        ("1d", LAST, LAST, 1),
        ("2026-10-01", date(2026, 10, 31), date(2026, 10, 1), 31),
        ("2026-11-27", LAST, LAST, 1),
        ("2028-02-28", date(2028, 3, 1), date(2028, 2, 28), 3),
        ("400d", LAST, date(2025, 10, 24), 400),
    ],
)
def test_both_ends_are_days_of_the_range(since: str, until: date, first: date, count: int) -> None:
    """`7d` are seven days, and a month has all of its days."""
    found = days.between(days.parse_since(since), until)
    assert (found[0], found[-1], len(found)) == (first, until, count)
