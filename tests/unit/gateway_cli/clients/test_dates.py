"""Dates are read strictly, and written so that they can be read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_cli.clients import dates


@given(st.integers(0, 253_402_300_799))
def test_shown_dates_are_read(epoch_s: int) -> None:
    """What the commands show, they read as the same time."""
    assert dates.parse(dates.shown(epoch_s)) == epoch_s


@given(st.text() | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2})?"))
def test_any_text_is_a_date_or_an_error(text: str) -> None:
    """Any text is a time that can be shown, or a ValueError."""
    try:
        epoch_s = dates.parse(text)
    except ValueError:
        return
    assert dates.is_known(epoch_s)
    assert dates.parse(dates.shown(epoch_s)) == epoch_s


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2030-01-31", "2030-01-31T00:00:00Z"),
        ("2030-01-31T10:00", "2030-01-31T10:00:00Z"),
        ("2030-01-31T10:00:05+02:00", "2030-01-31T08:00:05Z"),
    ],
)
def test_dates_are_utc(text: str, shown: str) -> None:
    """A date is its first second; a time without an offset is UTC."""
    assert dates.shown(dates.parse(text)) == shown


@pytest.mark.parametrize(
    ("text", "is_time"),
    [
        ("2026-11-27T07:34:47+00:00", True),
        ("2026-11-27T07:34:47.123456+00:00", True),
        ("2026-11-27T07:34:47", False),
        ("2026-13-27T07:34:47+00:00", False),
        ("2026-11-27T07:34:47+00:00\n", False),
        (None, False),
        (5, False),
    ],
)
def test_creation_times(text: object, is_time: bool) -> None:
    """A creation time has its offset, as every version wrote it."""
    assert dates.is_creation_time(text) is is_time
