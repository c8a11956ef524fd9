"""What a deployment says of the HTTP side alone, read from environment variables once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import environment


class HttpSettings(NamedTuple):
    """What only the HTTP side needs."""

    stream_timeout_s: float  # a whole stream, from connecting to its last event
    count_stream_tokens: bool  # ask for the usage chunk of every stream; some models refuse that

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> HttpSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(
            stream_timeout_s=environment.read(env, "STREAM_TIMEOUT_S", environment.positive),
            count_stream_tokens=environment.read(
                env, "COUNT_STREAM_TOKENS", environment.one_of(("true", "false"))
            )
            == "true",
        )
