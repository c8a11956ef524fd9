"""The prices of models and of the guardrail, by which the gateway counts what a request costs."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from client_usage import prices
from client_usage.price_list import Row
from infra.settings.guardrail import GuardrailSettings, NoGuardrail, OwnGuardrail
from infra.settings.table import Table, matching, require

_MAX_DECIMALS = 6
_NANO_USD_PER_USD = 10**9


def _decimal(number: float) -> Decimal:
    """The number as it is written in the settings file."""
    return Decimal(str(number))


def _text(number: float) -> str:
    """Without an exponent, zeros at the end, or the sign of -0.0."""
    return f"{_decimal(number).normalize() + 0:f}"


def _of_few_decimals(number: float) -> float:
    if _decimal(number) != round(_decimal(number), _MAX_DECIMALS):
        raise ValueError(f"must have at most {_MAX_DECIMALS} decimals")
    return number


_TokenPrice = Annotated[float, Field(ge=0, le=10_000), AfterValidator(_of_few_decimals)]


class ModelPrice(Table):
    """The price of a model, in US dollars for a million tokens."""

    model: Annotated[str, AfterValidator(matching(r"[!-~]{1,256}", "must be a model id"))]
    """The id or ARN of the model or inference profile."""
    input: _TokenPrice
    """The price of the prompt's tokens."""
    output: _TokenPrice
    """The price of the completion's tokens."""
    cached_input: _TokenPrice | None = None
    """The price of the prompt's tokens that Bedrock read from its cache. By default, the price of `input`."""
    cache_write: _TokenPrice | None = None
    """The price of the prompt's tokens that Bedrock wrote into its cache. By default, the price of `input`."""

    @property
    def row(self) -> Row:
        """The prices as the functions read them."""
        cached_input = None if self.cached_input is None else _text(self.cached_input)
        cache_write = None if self.cache_write is None else _text(self.cache_write)
        return _text(self.input), _text(self.output), cached_input, cache_write


class Prices(Table):
    """Prices that the gateway does not know, or that differ for your account."""

    guardrail_usd_per_1000_text_units: (
        Annotated[float, Field(ge=0, le=100), AfterValidator(_of_few_decimals)] | None
    ) = None
    """The guardrail's price. By default the list price of the stack's own guardrail; for an existing one, costs lack it."""
    models: list[ModelPrice] = Field(default_factory=list)
    """The prices of models. They replace the prices that the gateway knows."""

    @model_validator(mode="after")
    def _models_differ(self) -> Self:
        names = {price.model for price in self.models}
        require(len(names) == len(self.models), "models", "names a model twice")
        return self

    @property
    def models_text(self) -> str | None:
        """The prices of models as the functions read them; None if there are none."""
        rows = {price.model: price.row for price in self.models}
        return prices.to_text(rows) if rows else None

    def guardrail_nano_usd_per_text_unit(self, guardrail: GuardrailSettings) -> int | None:
        """The price of a text unit in billionths of a US dollar, rounded up; None if it is not known."""
        usd = self._guardrail_usd_per_1000_text_units(guardrail)
        return None if usd is None else math.ceil(usd * _NANO_USD_PER_USD / 1000)

    def _guardrail_usd_per_1000_text_units(self, guardrail: GuardrailSettings) -> Decimal | None:
        if self.guardrail_usd_per_1000_text_units is not None:
            return _decimal(self.guardrail_usd_per_1000_text_units)
        match guardrail:
            case NoGuardrail():
                return Decimal(0)
            case OwnGuardrail():
                return prices.guardrail_usd_per_1000_text_units(guardrail.policy)
            case _:
                return None
