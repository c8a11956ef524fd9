"""The settings of the rotation, read from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables
from chat_gateway.core.variables import count
from chat_gateway.guardrail.settings import Guardrail
from chat_gateway.service.settings import base_url

_VARIABLES: variables.Variables = {
    "secret_arn": ("BEDROCK_API_KEY_SECRET_ARN", str),
    "user": ("BEDROCK_KEY_USER", str),
    "key_age_days": ("BEDROCK_KEY_AGE_DAYS", count),
    "base_url": ("BEDROCK_BASE_URL", base_url),
    "model": ("ROTATION_TEST_MODEL", str),
}


class RotationSettings(NamedTuple):
    """The secret, the IAM user whose keys it holds, and how a new key is tested."""

    secret_arn: str
    user: str  # the user's name, without its path
    key_age_days: int  # IAM ends a new key after this time
    base_url: str  # of Bedrock; ends in /openai/v1, no trailing slash
    model: str  # that the test names
    guardrail: Guardrail | None

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> RotationSettings:
        """Reads the settings. Raises ConfigurationError that names the missing or wrong variable."""
        return cls(**variables.read_all(env, _VARIABLES), guardrail=Guardrail.from_env(env))

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets."""
        guardrail = {} if self.guardrail is None else self.guardrail.to_env()
        return {**variables.written(self, _VARIABLES), **guardrail}
