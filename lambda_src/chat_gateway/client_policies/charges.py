"""What a request adds to its client's counters, and what the caller learns from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from chat_gateway.client_policies import windows
from chat_gateway.client_policies.errors import InsufficientQuotaError, OverLimitError, RateLimitError

if TYPE_CHECKING:
    from chat_gateway.core.errors import GatewayError
    from client_keys.policy import Policy

REQUESTS, TOKENS, COST = "requests", "tokens", "cost"
_NANO_USD_PER_CENT = 10_000_000
# When a request in progress will end is not known.
_SLOT_WAIT_S = 1


class Charge(NamedTuple):
    """What a request adds to one counter, and the largest value that the counter may have.

    `measure` is REQUESTS, TOKENS or COST (in billionths of a US dollar). `period` names the counter's window for people.
    """

    measure: str
    period: str
    attribute: str
    amount: int
    limit: int
    window_left_s: int


class Counted(NamedTuple):
    """A charge, and its counter's value after the reservation or at its refusal."""

    charge: Charge
    value: int

    @property
    def remaining(self) -> int:
        """What is left of the limit."""
        return max(0, self.charge.limit - self.value)


def of(policy: Policy, *, tokens: int, cost_nano_usd: int, now_s: float) -> tuple[Charge, ...]:
    """The charges for the policy's limits at `now_s` (epoch seconds)."""
    minute, day, month = windows.at(now_s)
    minute_s, day_s = windows.minute_left_s(now_s), windows.day_left_s(now_s)
    budget = policy.monthly_budget_cents
    limits = (
        (REQUESTS, "minute", minute, 1, policy.requests_per_minute, minute_s),
        (TOKENS, "minute", minute, tokens, policy.tokens_per_minute, minute_s),
        (TOKENS, "day", day, tokens, policy.tokens_per_day, day_s),
        (COST, "month", month, cost_nano_usd, budget and budget * _NANO_USD_PER_CENT, day_s),
    )
    return tuple(
        Charge(measure, period, f"{measure}_{window}", amount, limit, left_s)
        for measure, period, window, amount, limit, left_s in limits
        if limit is not None
    )


def require_possible(charges: Iterable[Charge]) -> None:
    """Raises OverLimitError or InsufficientQuotaError if the request alone is over a limit."""
    for charge in charges:
        if charge.amount > charge.limit:
            if charge.measure == COST:
                raise InsufficientQuotaError
            raise OverLimitError(
                f"The request may use {charge.amount} tokens, counting its prompt's estimated size and its output limit; "
                f"this client may use {charge.limit} per {charge.period}."
            )


def error(over: Iterable[Charge]) -> GatewayError:
    """The error for a refused reservation. `over`: the charges that do not fit; none if no slot is free."""
    charges = sorted(over, key=lambda charge: charge.window_left_s)
    if any(charge.measure == COST for charge in charges):
        return InsufficientQuotaError()
    if not charges:
        return RateLimitError(
            "This client has as many requests in progress as it may have.",
            type_=REQUESTS,
            wait_s=_SLOT_WAIT_S,
        )
    longest = charges[-1]
    return RateLimitError(
        f"This client has reached its limit of {longest.limit} {longest.measure} per {longest.period}. "
        f"Try again in {windows.duration(longest.window_left_s)}.",
        type_=longest.measure,
        wait_s=longest.window_left_s,
    )


def described(over: Iterable[Charge]) -> list[str]:
    """The limits that refuse a request, in words for the log."""
    return [f"{charge.measure} per {charge.period}" for charge in over] or ["concurrent requests"]


def budget_used_percent(
    counted: Iterable[Counted], used: Mapping[str, int], over: Iterable[Charge] = ()
) -> float:
    """How much of the client's budget is used once the `used` amounts replace the reserved ones, rounded down to a tenth.

    `used` has amounts by a charge's measure; one that is missing stays as it was reserved. A budget that refused a request
    (`over`) counts as used up: what is left is too little for such requests.
    """
    if any(charge.measure == COST for charge in over):
        return 100.0
    charge, value = next(one for one in counted if one.charge.measure == COST)
    spent = value - charge.amount + used.get(COST, charge.amount)
    return max(0, spent) * 1000 // charge.limit / 10


def headers(counted: Iterable[Counted]) -> dict[str, str]:
    """OpenAI's headers: https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers

    Of two limits of tokens, the one with less left.
    """
    found: dict[str, str] = {}
    for one in sorted(counted, key=lambda counted: -counted.remaining):
        if one.charge.measure != COST:
            found |= {
                f"x-ratelimit-limit-{one.charge.measure}": str(one.charge.limit),
                f"x-ratelimit-remaining-{one.charge.measure}": str(one.remaining),
                f"x-ratelimit-reset-{one.charge.measure}": windows.duration(one.charge.window_left_s),
            }
    return found
