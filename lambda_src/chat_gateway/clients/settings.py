"""Where the table of clients is, read from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables

_VARIABLES: variables.Variables = {"clients_table": ("CLIENTS_TABLE", str)}


class AuthorizerSettings(NamedTuple):
    """The authorizer's settings."""

    clients_table: str

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> AuthorizerSettings:
        """Reads the settings. Raises ConfigurationError that names the missing or wrong variable."""
        return cls(**variables.read_all(env, _VARIABLES))

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets."""
        return variables.written(self, _VARIABLES)
