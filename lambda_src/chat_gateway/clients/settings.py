"""What a deployment says of clients, read from environment variables once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from chat_gateway.core import environment


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizerSettings:
    """Where client keys are known."""

    clients_table: str

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> AuthorizerSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(clients_table=environment.read(env, "CLIENTS_TABLE", str))
