"""Where clients and their usage are stored, and how usage is priced, read from environment variables once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables
from chat_gateway.core.variables import count, one_of, whole

_VARIABLES: variables.Variables = {"clients_table": ("CLIENTS_TABLE", str)}
_ROLES_VARIABLES: variables.Variables = {"kept_s": ("ROLE_KEPT_S", whole)}
# What happens to a request whose client's counters cannot be reached.
REFUSE, ALLOW = "refuse", "allow"
_USAGE_VARIABLES: variables.Variables = {
    "usage_table": ("USAGE_TABLE", str),
}
_USAGE_OPTIONAL: variables.Variables = {
    "usage_kept_days": ("USAGE_KEPT_DAYS", count),
    "when_counters_fail": ("WHEN_COUNTERS_FAIL", one_of((REFUSE, ALLOW))),
    "guardrail_nano_usd_per_text_unit": ("GUARDRAIL_NANO_USD_PER_TEXT_UNIT", whole),
    "model_prices": ("MODEL_PRICES", str),
}


class ClientsSettings(NamedTuple):
    """The name of the clients table."""

    clients_table: str

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> ClientsSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(**variables.read_all(env, _VARIABLES))

    def to_env(self) -> dict[str, str]:
        """The variables that the stack sets."""
        return variables.written(self, _VARIABLES)


class RolesSettings(NamedTuple):
    """How long a function keeps what it has read of an IAM role, in seconds."""

    kept_s: int

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> RolesSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(**variables.read_all(env, _ROLES_VARIABLES))

    def to_env(self) -> dict[str, str]:
        """The variables that the stack sets."""
        return variables.written(self, _ROLES_VARIABLES)


class UsageSettings(NamedTuple):
    """Where counters and usage are stored, and what the environment says of prices."""

    usage_table: str
    usage_kept_days: int = 400
    when_counters_fail: str = REFUSE  # or ALLOW
    guardrail_nano_usd_per_text_unit: int | None = None  # None: not known, so costs lack the guardrail's
    model_prices: str | None = None  # the environment's own, as `client_usage.prices` writes them

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> UsageSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(**variables.read_all(env, _USAGE_VARIABLES), **variables.read_set(env, _USAGE_OPTIONAL))

    def to_env(self) -> dict[str, str]:
        """The variables that the stack sets."""
        return {
            **variables.written(self, _USAGE_VARIABLES),
            **variables.written_set(self, _USAGE_OPTIONAL),
        }
