"""Reads the list prices of AWS's services from prices.toml."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

_FILE = Path(__file__).with_name("prices.toml")
_FIELDS = {"service", "usd", "unit", "source", "as_of", "read_on", "from_aws"}


class Price(NamedTuple):
    """What one unit costs. `as_of` is empty if the source gives no date. `from_aws`: the source is AWS's own page."""

    service: str
    usd: Decimal
    unit: str
    source: str
    as_of: str
    read_on: str
    from_aws: bool


class PriceFileError(Exception):
    """The file of prices cannot be used, or has no price of that name."""


class Prices:
    """The prices by their names."""

    def __init__(self, rows: dict[str, Price]) -> None:
        self.rows = rows

    def usd(self, name: str) -> Decimal:
        """The price of one unit. Raises PriceFileError for an unknown name."""
        if name not in self.rows:
            raise PriceFileError(f"prices.toml has no price {name!r}.")
        return self.rows[name].usd


def parsed(text: str) -> Prices:
    """The prices in the text of a file. Raises PriceFileError."""
    try:
        tables = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, ArithmeticError) as error:
        raise PriceFileError(f"prices.toml is not TOML: {error}") from None
    return Prices({name: _price(name, table) for name, table in tables.items()})


def read() -> Prices:
    """The prices of prices.toml. Raises PriceFileError."""
    return parsed(_FILE.read_text())


def _price(name: str, table: Any) -> Price:
    if not isinstance(table, dict) or set(table) != _FIELDS:
        raise PriceFileError(f"{name}: a price has exactly {', '.join(sorted(_FIELDS))}.")
    usd = table["usd"]
    if not isinstance(usd, Decimal) or not usd.is_finite() or usd <= 0:
        raise PriceFileError(f"{name}: usd must be a decimal number above 0, such as 0.20.")
    if not isinstance(table["from_aws"], bool):
        raise PriceFileError(f"{name}: from_aws must be true or false.")
    texts = [field for field in _FIELDS - {"usd", "from_aws"} if not isinstance(table[field], str)]
    if texts:
        raise PriceFileError(f"{name}: {', '.join(sorted(texts))} must be text.")
    return Price(**table)
