"""What a request costs, or may cost at most, in billionths of a US dollar."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chat_gateway.client_policies.estimate import BYTES_PER_TOKEN
from chat_gateway.core.errors import ConfigurationError
from client_usage import prices
from client_usage.prices import Price, Prices
from client_usage.usage import Usage

if TYPE_CHECKING:
    from chat_gateway.client_policies.estimate import Estimate
    from chat_gateway.client_policies.settings import UsageSettings
    from chat_gateway.completions.request import ChatRequest

# A text unit has up to 1,000 characters: https://aws.amazon.com/bedrock/pricing/
_TEXT_UNIT_CHARACTERS = 1_000


class Costs(NamedTuple):
    """The prices of models, and of a text unit for all of the guardrail's policies together, None if it is not known."""

    prices: Prices
    guardrail_nano_usd_per_text_unit: int | None

    @classmethod
    def of(cls, settings: UsageSettings) -> Costs:
        """Raises ConfigurationError if the environment's own prices cannot be read."""
        try:
            own = Prices.from_text(settings.model_prices)
        except ValueError as error:
            raise ConfigurationError(f"MODEL_PRICES is wrong: {error}") from None
        return cls(own, settings.guardrail_nano_usd_per_text_unit)

    @property
    def lacks_guardrail(self) -> bool:
        """Whether costs are those of tokens only."""
        return self.guardrail_nano_usd_per_text_unit is None

    def price(self, chat: ChatRequest, model: str) -> Price | None:
        """The price of `model` in the tier that the request asks for; None if it is not known."""
        tier = chat.document.get("service_tier")
        return self.prices.of_model(model, tier if isinstance(tier, str) else None)

    def at_most(self, price: Price, estimate: Estimate) -> int:
        """The largest cost of a request of that size: the model may write its whole prompt into the cache."""
        usage = Usage(prompt_tokens=estimate.prompt_tokens, completion_tokens=estimate.completion_tokens)
        if (price.cache_write_pico_usd or 0) > price.input_pico_usd:
            usage = usage._replace(cache_write_tokens=usage.prompt_tokens)
        return self.of_usage(price, usage, prompt_characters=estimate.prompt_characters)

    def of_usage(self, price: Price, usage: Usage, *, prompt_characters: int) -> int:
        """The cost of tokens, and of the text units that the guardrail checked.

        The length of the answer's text follows from its tokens.
        """
        units = _text_units(prompt_characters) + _text_units(usage.completion_tokens * BYTES_PER_TOKEN)
        of_guardrail = units * (self.guardrail_nano_usd_per_text_unit or 0)
        return prices.cost_nano_usd(price, usage) + of_guardrail


def _text_units(characters: int) -> int:
    return -(-characters // _TEXT_UNIT_CHARACTERS)
