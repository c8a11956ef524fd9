"""What Lambda and a deployment say of AWS's own services, read from environment variables once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables

_VARIABLES: variables.Variables = {"dns_suffix": ("DNS_SUFFIX", str)}
# Lambda sets the region, and takes it from no stack: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_OF_LAMBDA: variables.Variables = {"region": ("AWS_REGION", str)}
_ENDPOINT_URL = "AWS_ENDPOINT_URL"  # the SDKs' own; an emulator sets it


class AwsSettings(NamedTuple):
    """Where this function's own AWS calls go."""

    region: str
    dns_suffix: str  # amazonaws.com, or another partition's
    endpoint_url: str | None = None  # one endpoint for every service, an emulator's

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> AwsSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(
            **variables.read_all(env, {**_OF_LAMBDA, **_VARIABLES}),
            endpoint_url=env.get(_ENDPOINT_URL) or None,
        )

    def to_env(self) -> dict[str, str]:
        """The variables that the stack sets; Lambda or an emulator sets the others."""
        return variables.written(self, _VARIABLES)
