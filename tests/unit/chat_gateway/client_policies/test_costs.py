"""A request's cost follows from its tokens and from the guardrail's text units."""

from __future__ import annotations

from typing import Any

import pytest

from chat_gateway.client_policies.costs import Costs
from chat_gateway.client_policies.estimate import Estimate
from chat_gateway.client_policies.settings import UsageSettings
from chat_gateway.completions import request as chat_request
from chat_gateway.core.errors import ConfigurationError
from client_usage.prices import Price
from client_usage.usage import Usage
from tests.unit.chat_gateway.chat_requests import VALID

SETTINGS = UsageSettings(usage_table="usage", usage_kept_days=400, when_counters_fail="refuse")
OWN = '{"my.model":["1","2",null,null]}'
PRICE = Price(input_pico_usd=1_000_000, output_pico_usd=2_000_000)  # 1 and 2 US dollars for a million tokens


def costs(**settings: Any) -> Costs:
    return Costs.of(SETTINGS._replace(**settings))


def price(model: str, *, tier: object = None, **settings: Any) -> Price | None:
    chat = chat_request.from_document({**VALID, "model": model, "service_tier": tier})
    return costs(**settings).price(chat, model)


def test_listed_and_own_prices() -> None:
    """A model has the list's price, or the environment's own."""
    assert price("openai.gpt-oss-20b-1:0") == Price(70_000, 300_000)
    assert price("my.model", model_prices=OWN) == PRICE
    assert price("my.model") is None


@pytest.mark.parametrize(
    ("tier", "factor"), [(None, 1), ("default", 1), (7, 1), ("priority", 1.75), ("new", 6)]
)
def test_price_of_the_asked_tier(tier: object, factor: float) -> None:
    """The price is that of the tier that the request names; what is no text names none."""
    assert price("my.model", tier=tier, model_prices=OWN) == Price(
        int(1_000_000 * factor), int(2_000_000 * factor)
    )


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"m":["free","1",null,null]}', "[" * 100_000])
def test_wrong_prices(text: str) -> None:
    """Prices that cannot be read are an error that names the variable."""
    with pytest.raises(ConfigurationError, match="MODEL_PRICES"):
        costs(model_prices=text)


def test_tokens_only() -> None:
    """Without the guardrail's price a cost is that of the tokens, and says so."""
    assert costs().lacks_guardrail
    assert costs().of_usage(PRICE, Usage(10, 20), prompt_characters=5000) == 10 * 1000 + 20 * 2000


@pytest.mark.parametrize(
    ("characters", "tokens", "units"),
    [(0, 0, 0), (1, 0, 1), (1000, 250, 2), (1001, 251, 4), (0, 250, 1)],
)
def test_text_units(characters: int, tokens: int, units: int) -> None:
    """Prompt and answer have a text unit for each 1,000 characters that they begin."""
    with_guardrail = costs(guardrail_nano_usd_per_text_unit=100)
    assert not with_guardrail.lacks_guardrail
    cost = with_guardrail.of_usage(PRICE, Usage(0, tokens), prompt_characters=characters)
    assert cost == 2000 * tokens + 100 * units


def test_guardrail_without_a_price() -> None:
    """A guardrail that costs nothing is known to cost nothing."""
    free = costs(guardrail_nano_usd_per_text_unit=0)
    assert not free.lacks_guardrail
    assert free.of_usage(PRICE, Usage(1, 0), prompt_characters=9999) == 1000


def test_at_most() -> None:
    """The largest cost has the estimated prompt, and the whole output."""
    size = Estimate(prompt_tokens=300, completion_tokens=500, prompt_characters=1200)
    with_guardrail = costs(guardrail_nano_usd_per_text_unit=100)
    assert with_guardrail.at_most(PRICE, size) == 300 * 1000 + 500 * 2000 + 100 * (2 + 2)
