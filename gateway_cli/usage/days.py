"""Ranges of days, as operators write them. Days begin and end in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

MAX_DAYS = 400
FORM_IN_WORDS = "YYYY-MM-DD"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COUNT = re.compile(r"([0-9]{1,4})d")


def today() -> date:
    """The current day."""
    return datetime.now(UTC).date()


def parse(text: str) -> date:
    """The day. Raises ValueError."""
    if not _DAY.fullmatch(text):
        raise ValueError(f"not a day: use {FORM_IN_WORDS}")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"no such day: use {FORM_IN_WORDS}") from None


def parse_since(text: str) -> date | int:
    """A day, or how many days there are in a text such as 7d. Raises ValueError."""
    count = _COUNT.fullmatch(text)
    if not count:
        return parse(text)
    if not 1 <= int(count[1]) <= MAX_DAYS:
        raise ValueError(f"must be from 1d to {MAX_DAYS}d")
    return int(count[1])


def between(since: date | int, until: date) -> list[date]:
    """The days up to `until`, which is one of them: from the day `since`, or so many. Raises ValueError."""
    count = since if isinstance(since, int) else (until - since).days + 1
    if count < 1:
        raise ValueError(f"The range ends on {until}, before its first day {since}.")
    if count > MAX_DAYS:
        raise ValueError(f"The range has {count} days; at most {MAX_DAYS} are possible.")
    if count > until.toordinal():
        raise ValueError("The range begins before the year 1.")
    return [until - timedelta(days=ago) for ago in reversed(range(count))]
