"""What Bedrock charges: the model by tokens, the guardrail by text units. The prices are those of the gateway's own list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from benchmarks.cost.money import MILLION
from benchmarks.cost.shapes import Model, Shape
from client_usage import price_list, prices
from client_usage.usage import Usage

_NANO = Decimal(10) ** 9
CONTENT, PERSONAL_DATA = "content filters", "personal data"
_PARTS = {
    CONTENT: ("contentPolicyConfig", "filtersConfig"),
    PERSONAL_DATA: ("sensitiveInformationPolicyConfig", "piiEntitiesConfig"),
}


class Check(NamedTuple):
    """A policy of a guardrail, and which of the two texts it checks."""

    usd_per_1000_units: Decimal
    prompt: bool = True
    answer: bool = True


def model_usd(model: Model, usage: Usage, *, tier: str | None = None) -> Decimal:
    """What the tokens of a million such requests cost. Raises ValueError if the model has no price."""
    price = prices.Prices({}).of_model(model.id, tier)
    if price is None:
        raise ValueError(f"{model.id} has no price in client_usage/price_list.py.")
    return prices.cost_nano_usd(price, usage) * MILLION / _NANO


def of_shape(model: Model, shape: Shape) -> Decimal:
    """What the tokens of a million requests of the shape cost."""
    return model_usd(model, Usage(shape.prompt_tokens, shape.completion_tokens))


def guardrail_usd(shape: Shape, policy: Mapping[str, Any]) -> Decimal:
    """What a million requests of the shape cost at a guardrail of this policy (CreateGuardrail's form)."""
    return checks_usd(shape, [Check(prices.guardrail_usd_per_1000_text_units(policy))])


def checks_usd(shape: Shape, checks: Iterable[Check]) -> Decimal:
    """What a million requests of the shape cost at a guardrail with these policies."""
    return sum(
        (_units(shape, check) * check.usd_per_1000_units * MILLION / 1000 for check in checks), Decimal(0)
    )


def policy_usd(policy: str) -> Decimal:
    """What 1,000 text units cost with one policy: CONTENT or PERSONAL_DATA."""
    return Decimal(price_list.GUARDRAIL_USD[_PARTS[policy]])


def _units(shape: Shape, check: Check) -> int:
    return check.prompt * shape.prompt_text_units + check.answer * shape.completion_text_units
