"""The file of list prices, and what it refuses."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cost import prices
from benchmarks.cost.prices import PriceFileError
from tests import hypothesis_profile

assert hypothesis_profile  # loaded by being imported

GOOD = """
[thing]
service = "A thing"
usd = 0.20
unit = "month"
source = "https://example.com"
as_of = ""
read_on = "2026-11-28"
from_aws = false
"""


def test_prices_are_exact() -> None:
    """A price is the decimal number of the file, not the nearest binary one."""
    assert prices.parsed(GOOD).usd("thing") == Decimal("0.20")


def test_each_price_is_dated() -> None:
    """Each price says where and when it was read, and for which unit it is."""
    rows = prices.read().rows
    assert rows
    for name, price in rows.items():
        assert price.source.startswith("https://"), name
        assert price.read_on.startswith("2026-"), name
        assert price.unit, name


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("usd = 0.20", "usd = 1", "usd"),
        ("usd = 0.20", "usd = -0.20", "usd"),
        ("usd = 0.20", "usd = nan", "usd"),
        ("usd = 0.20", 'usd = "0.20"', "usd"),
        ("usd = 0.20", "", "exactly"),
        ("from_aws = false", 'from_aws = "no"', "from_aws"),
        ('unit = "month"', "unit = 1", "unit"),
        ("[thing]", "[thing", "not TOML"),
        ("[thing]", "thing = 1\n[other]", "thing"),
    ],
)
def test_what_is_refused(old: str, new: str, named: str) -> None:
    """The error names the field that is wrong."""
    with pytest.raises(PriceFileError, match=named):
        prices.parsed(GOOD.replace(old, new))


def test_unknown_price() -> None:
    """A price that the file does not have is an error, never zero."""
    with pytest.raises(PriceFileError, match="nothing"):
        prices.parsed(GOOD).usd("nothing")


@given(st.text())
def test_any_text_is_prices_or_refused(text: str) -> None:
    """Any text is read, or refused with the module's own error."""
    with contextlib.suppress(PriceFileError):
        prices.parsed(text)
