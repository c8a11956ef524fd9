"""Amounts of US dollars, as people write and read them."""

from __future__ import annotations

import re
from decimal import Decimal

_NANO_USD = 1_000_000_000
_NANO_USD_PER_CENT = 10_000_000
_FORM = re.compile(r"([0-9]{1,8})(?:\.([0-9]{1,2}))?")
_CENT = Decimal("0.01")
_SIGNIFICANT_DIGITS = 2


def cents(text: str) -> int:
    """The cents of an amount such as 50 or 49.99. Raises ValueError."""
    found = _FORM.fullmatch(text)
    if not found:
        raise ValueError("not an amount like 50 or 49.99")
    dollars, fraction = found.groups(default="")
    return int(dollars) * 100 + int(fraction.ljust(2, "0"))


def number(nano_usd: int) -> float:
    """Billionths of a US dollar as dollars, exact to nine decimals up to some million dollars."""
    return nano_usd / _NANO_USD


def shown(nano_usd: int) -> str:
    """Billionths of a US dollar as dollars, rounded to cents; less than a cent has two significant digits."""
    amount = Decimal(nano_usd) / _NANO_USD
    if not amount or amount >= _CENT:
        return f"{amount.quantize(_CENT)}"
    return f"{amount:.{_SIGNIFICANT_DIGITS - 1 - amount.adjusted()}f}"


def of_cents(count: int) -> str:
    """Cents as dollars with two decimals."""
    return shown(count * _NANO_USD_PER_CENT)
