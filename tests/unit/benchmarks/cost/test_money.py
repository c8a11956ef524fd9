"""How amounts are written."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cost import money
from tests import hypothesis_profile

assert hypothesis_profile  # loaded by being imported


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0"),
        ("0.004", "under $0.01"),
        ("0.005", "$0.01"),
        ("0.5", "$0.50"),
        ("99.994", "$99.99"),
        ("99.995", "$100"),
        ("1499.5", "$1,500"),
    ],
)
def test_amounts(amount: str, text: str) -> None:
    """Amounts have cents below $100, and none from there on."""
    assert money.usd(Decimal(amount)) == text


def test_negative_amounts() -> None:
    """No cost is negative."""
    with pytest.raises(ValueError, match="negative"):
        money.usd(Decimal("-0.01"))


@given(st.decimals(min_value=0, max_value=10**9, places=6))
def test_amounts_are_near(amount: Decimal) -> None:
    """The written amount differs by at most half a cent, or by half a dollar from $100 on."""
    text = money.usd(amount)
    if text.startswith("under"):
        assert amount < Decimal("0.005")
    else:
        near = Decimal(text.lstrip("$").replace(",", ""))
        assert abs(near - amount) <= (Decimal("0.005") if amount < Decimal("99.995") else Decimal("0.5"))


def test_percent() -> None:
    """Shares are whole percents, and small ones are not called zero."""
    assert money.percent(Decimal(1), Decimal(3)) == "33 %"
    assert money.percent(Decimal(1), Decimal(1000)) == "under 1 %"
    assert money.percent(Decimal(0), Decimal(1000)) == "0 %"
