"""What a request costs: the price of its model, and of its guardrail.

Prices are whole picodollars (millionths of a millionth of a US dollar) for one token. That is a millionth of a US dollar
for a million tokens, so decimal prices with six places are exact.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from client_usage import price_list

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from client_usage.usage import Usage

# Ours: no model's price is near it, so a larger number is a mistake.
MAX_USD_PER_MILLION_TOKENS = 10_000
_USD = re.compile(r"(0|[1-9][0-9]{0,4})(\.[0-9]{1,6})?")
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
_MODEL = re.compile(r"[!-~]{1,2048}")
# https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
_GEOGRAPHIES = ("us", "eu", "apac", "jp", "au", "ca", "in", "global", "us-gov")
# The resources of ARNs that name a model. An ARN has five parts before its resource.
_NAMED_BY_ID = ("foundation-model", "inference-profile")
_PARTS_BEFORE_RESOURCE = 5
_STANDARD_TIERS = (None, "default", "auto", "standard")
_PICO_IN_NANO = 1000


class Price(NamedTuple):
    """What a token costs. None: the price of other input."""

    input_pico_usd: int
    output_pico_usd: int
    cached_input_pico_usd: int | None = None
    cache_write_pico_usd: int | None = None
    long_prompt: price_list.LongPrompt | None = None


class Prices(NamedTuple):
    """The environment's own prices, by the model's name, and for all other models the list's."""

    own: Mapping[str, Price]

    @staticmethod
    def from_text(text: str | None) -> Prices:
        """The prices in a text that `to_text` wrote; None: no own prices. Raises ValueError."""
        try:
            rows = json.loads(text, object_pairs_hook=_unique) if text is not None else {}
        except RecursionError:
            rows = None
        if not isinstance(rows, dict) or not all(map(_MODEL.fullmatch, rows)):
            raise ValueError("The prices are no JSON object of model names.")
        return Prices({model: _own_price(row) for model, row in rows.items()})

    def of_model(self, model: str, tier: str | None = None) -> Price | None:
        """The price of a model, by an id or ARN, in a service tier. None: no price is known.

        An own price counts before the list's, and a price for the exact name before one without its geography (`us.`). An
        application inference profile has only an own price, because its ARN does not name its model.
        """
        name = _id_of(model)
        plain = _without_geography(name)
        price = self.own.get(model) or self.own.get(name) or _listed(name)
        price = price or self.own.get(plain) or _listed(plain)
        if price is None:
            return None
        return _in_tier(price, tier)._replace(long_prompt=price_list.LONG_PROMPTS.get(plain))


def to_text(rows: Mapping[str, price_list.Row]) -> str:
    """Own prices as compact JSON, each in US dollars for a million tokens. Raises ValueError."""
    text = json.dumps(rows, separators=(",", ":"))
    Prices.from_text(text)
    return text


def cost_nano_usd(price: Price, usage: Usage) -> int:
    """What the tokens cost in billionths of a US dollar, rounded up."""
    other_input = max(usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens, 0)
    input_pico_usd = (
        other_input * price.input_pico_usd
        + usage.cached_tokens * _or_input(price.cached_input_pico_usd, price)
        + usage.cache_write_tokens * _or_input(price.cache_write_pico_usd, price)
    )
    output_pico_usd = usage.completion_tokens * price.output_pico_usd
    long = price.long_prompt
    if long and usage.prompt_tokens > long.above_tokens:
        percents = input_pico_usd * long.input_percent + output_pico_usd * long.output_percent
    else:
        percents = (input_pico_usd + output_pico_usd) * 100
    return _divided_up(percents, 100 * _PICO_IN_NANO)


def guardrail_usd_per_1000_text_units(policy: Mapping[str, Any]) -> Decimal:
    """What 1,000 text units cost with a guardrail of this policy, in CreateGuardrail's form.

    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateGuardrail.html
    """
    # Only the deployment needs this; the functions start without it.
    from decimal import Decimal

    prices = price_list.GUARDRAIL_USD.items()
    used = [usd for (config, entries), usd in prices if policy.get(config, {}).get(entries)]
    reasoning = policy.get("automatedReasoningPolicyConfig", {}).get("policies", [])
    used += [price_list.AUTOMATED_REASONING_USD] * len(reasoning)
    return sum(map(Decimal, used), Decimal(0))


def _listed(model: str) -> Price | None:
    for block in price_list.MODELS:
        if row := block.rows.get(model):
            return _price(*row)
    return None


def _own_price(row: object) -> Price:
    if not isinstance(row, list) or len(row) != 4:
        raise ValueError("A model's prices are no list of four.")
    required, optional = row[:2], [usd for usd in row[2:] if usd is not None]
    if not all(map(_is_usd, required + optional)):
        raise ValueError(
            f"A price is no decimal text of 0 to {MAX_USD_PER_MILLION_TOKENS} with at most six places."
        )
    return _price(*row)


def _is_usd(value: object) -> bool:
    most_pico_usd = MAX_USD_PER_MILLION_TOKENS * 10**6
    return isinstance(value, str) and bool(_USD.fullmatch(value)) and _pico_usd(value) <= most_pico_usd


def _price(input_usd: str, output_usd: str, cached_usd: str | None, write_usd: str | None) -> Price:
    return Price(
        input_pico_usd=_pico_usd(input_usd),
        output_pico_usd=_pico_usd(output_usd),
        cached_input_pico_usd=None if cached_usd is None else _pico_usd(cached_usd),
        cache_write_pico_usd=None if write_usd is None else _pico_usd(write_usd),
    )


def _pico_usd(usd_per_million_tokens: str) -> int:
    whole, _, places = usd_per_million_tokens.partition(".")
    return int(whole + places.ljust(6, "0"))


def _in_tier(price: Price, tier: object) -> Price:
    """The price in the tier. A tier that the list does not know has the dearest's, so that a budget holds."""
    if tier in _STANDARD_TIERS:
        return price
    percents = price_list.TIER_PERCENTS
    percent = percents.get(tier) if isinstance(tier, str) else None
    return _times(price, percent or max(percents.values()))


def _times(price: Price, percent: int) -> Price:
    cached, write = price.cached_input_pico_usd, price.cache_write_pico_usd
    return Price(
        input_pico_usd=_divided_up(price.input_pico_usd * percent, 100),
        output_pico_usd=_divided_up(price.output_pico_usd * percent, 100),
        cached_input_pico_usd=None if cached is None else _divided_up(cached * percent, 100),
        cache_write_pico_usd=None if write is None else _divided_up(write * percent, 100),
    )


def _id_of(model: str) -> str:
    kind, _, id_ = model.split(":", _PARTS_BEFORE_RESOURCE)[-1].partition("/")
    return id_ if model.startswith("arn:") and kind in _NAMED_BY_ID else model


def _without_geography(model: str) -> str:
    geography, _, rest = model.partition(".")
    return rest if geography in _GEOGRAPHIES else model


def _or_input(pico_usd: int | None, price: Price) -> int:
    return price.input_pico_usd if pico_usd is None else pico_usd


def _divided_up(number: int, by: int) -> int:
    return -(-number // by)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("A name stands twice.")
    return names
