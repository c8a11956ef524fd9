"""The settings of the chat function only, read from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from chat_gateway.core import variables
from chat_gateway.core.variables import flag, positive

if TYPE_CHECKING:
    from chat_gateway.http_api.cors import Cors

CORS_ORIGINS = "CORS_ORIGINS"
_VARIABLES: variables.Variables = {
    "stream_timeout_s": ("STREAM_TIMEOUT_S", positive),
    "count_stream_tokens": ("COUNT_STREAM_TOKENS", flag),
}
_OPTIONAL: variables.Variables = {
    "record_usage": ("RECORD_USAGE", flag),
    "shows_target": ("SHOW_TARGET_MODEL", flag),
    "deployment_paths": ("DEPLOYMENT_PATHS", flag),
}


class HttpSettings(NamedTuple):
    """The settings that only the chat function needs."""

    stream_timeout_s: float  # one request that streams, until its last event
    count_stream_tokens: bool  # ask Bedrock for the usage chunk of every stream; some models refuse it
    record_usage: bool = False  # also of clients without limits
    shows_target: bool = False  # the model that answered, in the header x-gateway-model
    deployment_paths: bool = False  # answers at the paths of Azure's deployments, too

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> HttpSettings:
        """Reads the settings. Raises ConfigurationError that names the missing or wrong variable."""
        return cls(**variables.read_all(env, _VARIABLES), **variables.read_set(env, _OPTIONAL))

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets."""
        return {**variables.written(self, _VARIABLES), **variables.written_set(self, _OPTIONAL)}


def cors(env: Mapping[str, str] = os.environ) -> Cors | None:
    """The origins whose pages may read answers; None if the environment allows none. It never raises."""
    if CORS_ORIGINS not in env:
        return None
    from chat_gateway.http_api.cors import Cors  # for environments with browsers

    return Cors.from_text(env[CORS_ORIGINS])
