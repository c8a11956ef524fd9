"""Where clients are stored, read from environment variables once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables

_VARIABLES: variables.Variables = {"clients_table": ("CLIENTS_TABLE", str)}


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
