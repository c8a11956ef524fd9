"""What a deployment says of the HTTP side alone, read from environment variables once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables
from chat_gateway.core.variables import flag, positive

_VARIABLES: variables.Variables = {
    "stream_timeout_s": ("STREAM_TIMEOUT_S", positive),
    "count_stream_tokens": ("COUNT_STREAM_TOKENS", flag),
}


class HttpSettings(NamedTuple):
    """What only the HTTP side needs."""

    stream_timeout_s: float  # a whole stream, from connecting to its last event
    count_stream_tokens: bool  # ask for the usage chunk of every stream; some models refuse that

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> HttpSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(**variables.read_all(env, _VARIABLES))

    def to_env(self) -> dict[str, str]:
        """The variables that the stack sets."""
        return variables.written(self, _VARIABLES)
