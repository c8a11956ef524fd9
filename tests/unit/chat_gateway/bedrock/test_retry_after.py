"""Bedrock's wait is read from any headers."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.bedrock import retry_after

NOW_S = 1_800_000_000.0


def wait_s(**headers: str) -> float | None:
    return retry_after.wait_s(
        {name.replace("_", "-"): value for name, value in headers.items()}, clock=lambda: NOW_S
    )


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({}, None),
        ({"retry_after": "2"}, 2.0),
        ({"retry_after": "0.5"}, 0.5),
        ({"retry_after_ms": "1500"}, 1.5),
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
        ({"retry_after_ms": "soon", "retry_after": "9"}, 9.0),
        ({"retry_after": "-5"}, 0.0),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "inf"}, None),
        ({"retry_after": "later"}, None),
        ({"retry_after": ""}, None),
    ],
)
def test_seconds_milliseconds_and_nonsense(headers: dict[str, str], expected_s: float | None) -> None:
    assert wait_s(**headers) == expected_s


@given(st.integers(min_value=-86_400, max_value=86_400))
def test_a_date_is_the_time_until_then_and_0_once_it_has_passed(ahead_s: int) -> None:
    date = format_datetime(datetime.fromtimestamp(NOW_S + ahead_s, UTC), usegmt=True)
    assert wait_s(retry_after=date) == max(0, ahead_s)


@given(st.text(), st.text())
def test_any_header_is_a_wait_that_is_not_negative_or_none(seconds: str, milliseconds: str) -> None:
    waited_s = wait_s(retry_after=seconds, retry_after_ms=milliseconds)
    assert waited_s is None or 0 <= waited_s < float("inf")
