"""Where the Bedrock API key is, read from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables
from chat_gateway.core.variables import positive

# The value of a new deployment's secret. Never change it: CloudFormation would overwrite every key in use.
PLACEHOLDER = "REPLACE-WITH-A-BEDROCK-API-KEY"

_VARIABLES: variables.Variables = {
    "secret_arn": ("BEDROCK_API_KEY_SECRET_ARN", str),
    "max_age_s": ("SECRET_MAX_AGE_S", positive),
}


class ApiKeySettings(NamedTuple):
    """Where the Bedrock API key is."""

    secret_arn: str
    max_age_s: float  # the key is read again after this time

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> ApiKeySettings:
        """Reads the settings. Raises ConfigurationError that names the missing or wrong variable."""
        return cls(**variables.read_all(env, _VARIABLES))

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets."""
        return variables.written(self, _VARIABLES)
