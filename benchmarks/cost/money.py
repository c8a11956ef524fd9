"""Amounts of US dollars as a reader needs them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")
_WHOLE_FROM = Decimal(100)
HOURS_PER_MONTH = 730
MILLION = 1_000_000


def usd(amount: Decimal) -> str:
    """The amount with cents below $100, and in whole dollars from there on. Raises ValueError below zero."""
    if amount < 0:
        raise ValueError(f"An amount is negative: {amount}")
    if 0 < amount < _CENT / 2:
        return "under $0.01"
    cents = amount.quantize(_CENT, ROUND_HALF_UP)
    if cents >= _WHOLE_FROM:
        return f"${amount.quantize(Decimal(1), ROUND_HALF_UP):,}"
    return f"${cents}" if amount else "$0"


def percent(part: Decimal, whole: Decimal) -> str:
    """How much of `whole` the part is, in whole percent; "under 1 %" if it is less than that."""
    share = 100 * part / whole
    return "under 1 %" if 0 < share < 1 else f"{share.quantize(Decimal(1), ROUND_HALF_UP)} %"
