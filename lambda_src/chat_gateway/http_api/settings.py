"""The settings of the chat function only, read from environment variables."""

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
_OPTIONAL: variables.Variables = {
    "record_usage": ("RECORD_USAGE", flag),
    "shows_target": ("SHOW_TARGET_MODEL", flag),
}


class HttpSettings(NamedTuple):
    """The settings that only the chat function needs."""

    stream_timeout_s: float  # one request that streams, until its last event
    count_stream_tokens: bool  # ask Bedrock for the usage chunk of every stream; some models refuse it
    record_usage: bool = False  # also of clients without limits
    shows_target: bool = False  # the model that answered, in the header x-gateway-model

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> HttpSettings:
        """Reads the settings. Raises ConfigurationError that names the missing or wrong variable."""
        return cls(**variables.read_all(env, _VARIABLES), **variables.read_set(env, _OPTIONAL))

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets."""
        return {**variables.written(self, _VARIABLES), **variables.written_set(self, _OPTIONAL)}
