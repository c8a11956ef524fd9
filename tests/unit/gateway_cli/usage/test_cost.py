"""A cost says what is not known of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_cli import dollars
from gateway_cli.usage import sums, views
from gateway_cli.usage.sums import Sum


@pytest.mark.parametrize(
    ("requests", "unpriced", "tokens_only", "shown"),
    [
        (3, 0, 0, "1.23"),
        (3, 1, 0, "1.23 + unknown"),
        (3, 0, 3, "1.23 (tokens only)"),
        (3, 0, 2, "1.23 (partly tokens only)"),
        (3, 1, 2, "1.23 + unknown (tokens only)"),
        (3, 1, 1, "1.23 + unknown (partly tokens only)"),
    ],
)
def test_what_is_unknown_is_said(requests: int, unpriced: int, tokens_only: int, shown: str) -> None:
    """A cost without some models, or without the guardrail, says so."""
    sum_ = Sum()
    sum_.add({"requests": requests, "unpriced_requests": unpriced, "tokens_only_requests": tokens_only})
    sum_.add({"cost_nano_usd": 1_230_000_000})
    assert views.cost(sum_) == shown


@pytest.mark.parametrize("tokens_only", [0, 2])
def test_without_any_price_the_cost_is_unknown(tokens_only: int) -> None:
    """Requests without a price cost an unknown amount, not zero."""
    sum_ = Sum()
    sum_.add({"requests": 2, "unpriced_requests": 2, "tokens_only_requests": tokens_only})
    assert views.cost(sum_) == "unknown"


@pytest.mark.parametrize(
    ("nano_usd", "shown"),
    [
        (0, "0.00"),
        (1_230_000_000, "1.23"),
        (1_234_999_999, "1.23"),
        (10_000_000, "0.01"),
        (4_512_000, "0.0045"),
        (1, "0.0000000010"),
        (123_456_789_000_000_000, "123456789.00"),
    ],
)
def test_small_amounts_are_not_zero(nano_usd: int, shown: str) -> None:
    """Amounts are rounded to cents, and less than a cent to two digits."""
    assert dollars.shown(nano_usd) == shown


@given(st.integers(1, 10**18))
def test_shown_amounts_are_close(nano_usd: int) -> None:
    """What is shown differs from the amount by at most half a cent, and by at most a twentieth."""
    amount, shown = Decimal(nano_usd) / 10**9, Decimal(dollars.shown(nano_usd))
    assert abs(shown - amount) <= min(Decimal("0.005"), max(amount / 20, Decimal("0.005") * (amount >= 0.01)))


@given(st.text() | st.from_regex(r"[0-9]{1,9}(\.[0-9]{0,3})?", fullmatch=True))
def test_any_text_is_cents_or_an_error(text: str) -> None:
    """An amount has at most two decimals, and is read as its number; all else is a ValueError."""
    try:
        cents = dollars.cents(text)
    except ValueError:
        return
    assert Decimal(text) * 100 == cents


@given(st.integers(0, 10**10 - 1))
def test_shown_cents_are_read(cents: int) -> None:
    """What is shown of a number of cents is read as the same number."""
    assert dollars.cents(dollars.of_cents(cents)) == cents


@given(st.lists(st.dictionaries(st.sampled_from(["requests", "cost_nano_usd"]), st.integers(0, 10**15))))
def test_total_is_the_sum_of_all_rows(measures: list[dict[str, int]]) -> None:
    """The total has the sum of each measure."""
    rows = []
    for found in measures:
        rows.append(Sum())
        rows[-1].add(found)
    total = sums.total(rows)
    for name in ("requests", "cost_nano_usd"):
        assert total[name] == sum(found.get(name, 0) for found in measures)
