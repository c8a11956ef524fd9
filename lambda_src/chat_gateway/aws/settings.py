"""Where AWS's services are, read from the environment variables of Lambda and of the stack."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables

_VARIABLES: variables.Variables = {"dns_suffix": ("DNS_SUFFIX", str)}
# Set by Lambda; a stack cannot set it: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_OF_LAMBDA: variables.Variables = {"region": ("AWS_REGION", str)}
_ENDPOINT_URL = "AWS_ENDPOINT_URL"  # the AWS SDKs know it too; an emulator sets it


class AwsSettings(NamedTuple):
    """Where the function's calls to AWS go."""

    region: str
    dns_suffix: str  # amazonaws.com, or another partition's
    endpoint_url: str | None = None  # an emulator's, for every service

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> AwsSettings:
        """Reads the settings. Raises ConfigurationError that names the missing or wrong variable."""
        return cls(
            **variables.read_all(env, {**_OF_LAMBDA, **_VARIABLES}),
            endpoint_url=env.get(_ENDPOINT_URL) or None,
        )

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets. Lambda or an emulator sets the others."""
        return variables.written(self, _VARIABLES)
