"""The limits of a policy that are numbers. Options, tables, JSON, exports and imports have one for each row of LIMITS."""

from __future__ import annotations

import re
from dataclasses import dataclass

from client_keys import policy as client_policy
from client_keys.policy import Policy
from gateway_cli import dollars

MAX_COUNT = 1_000_000_000
MAX_BUDGET_CENTS = 1_000_000_000
NO_LIMIT = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A count, which has the same name in the policy, in JSON and, with hyphens, as an option."""

    field: str  # of the policy
    label: str
    in_list: str  # stands behind the number, where all limits are in one cell
    help: str
    most: int = MAX_COUNT

    @property
    def name(self) -> str:
        return self.field

    @property
    def option(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def metavar(self) -> str:
        return "N"

    def of(self, policy: Policy) -> int | None:
        """The policy's number; None: no limit."""
        number: int | None = getattr(policy, self.field)
        return number

    def parse(self, text: str) -> int:
        """The policy's number, of an option's text. Raises ValueError."""
        return self.require(int(text) if re.fullmatch(r"[0-9]{1,10}", text) else None)

    def require(self, value: object) -> int:
        """The policy's number, of a JSON value. Raises ValueError."""
        if type(value) is not int or not 1 <= value <= self.most:
            raise ValueError(f"must be a whole number from 1 to {self.most}")
        return value

    def written(self, policy: Policy) -> int | float | None:
        """The JSON value; None: no limit."""
        return self.of(policy)

    def shown(self, policy: Policy) -> str | None:
        """The number as people read it; None: no limit."""
        number = self.of(policy)
        return None if number is None else str(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyLimit(Limit):
    """An amount: cents in the policy, US dollars everywhere else."""

    @property
    def name(self) -> str:
        return self.field.replace("_cents", "_usd")

    @property
    def metavar(self) -> str:
        return "X"

    def parse(self, text: str) -> int:
        try:
            cents = dollars.cents(text)
        except ValueError:
            cents = 0
        if not 1 <= cents <= self.most:
            raise ValueError(
                f"must be from 0.01 to {dollars.of_cents(self.most)} US dollars, with at most two decimals"
            )
        return cents

    def require(self, value: object) -> int:
        return self.parse(repr(value) if type(value) in (int, float) else "")

    def written(self, policy: Policy) -> int | float | None:
        cents = self.of(policy)
        return cents if cents is None else cents / 100 if cents % 100 else cents // 100

    def shown(self, policy: Policy) -> str | None:
        cents = self.of(policy)
        return None if cents is None else f"{dollars.of_cents(cents)} USD"


BUDGET = MoneyLimit(
    field="monthly_budget_cents",
    label="monthly budget",
    in_list="/month",
    help="US dollars for each month (UTC), such as 50 or 49.99.",
    most=MAX_BUDGET_CENTS,
)
LIMITS: tuple[Limit, ...] = (
    Limit(
        field="max_completion_tokens",
        label="max. completion tokens",
        in_list=" tokens/answer",
        help="The most tokens that a request may ask for.",
    ),
    Limit(
        field="requests_per_minute",
        label="requests per minute",
        in_list=" requests/min",
        help="Requests in each minute.",
    ),
    Limit(
        field="tokens_per_minute",
        label="tokens per minute",
        in_list=" tokens/min",
        help="Tokens of prompts and answers in each minute.",
    ),
    Limit(
        field="tokens_per_day",
        label="tokens per day",
        in_list=" tokens/day",
        help="Tokens of prompts and answers in each day (UTC).",
    ),
    Limit(
        field="concurrent_requests",
        label="concurrent requests",
        in_list=" at a time",
        help=f"Requests at the same time, at most {client_policy.MAX_CONCURRENT_REQUESTS}.",
        most=client_policy.MAX_CONCURRENT_REQUESTS,
    ),
    BUDGET,
)


def document(policy: Policy) -> dict[str, int | float | None]:
    """The limits' fields in JSON."""
    return {limit.name: limit.written(policy) for limit in LIMITS}
