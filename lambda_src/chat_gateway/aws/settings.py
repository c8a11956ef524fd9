"""What a deployment says of AWS's own services, read from environment variables once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import environment


class AwsSettings(NamedTuple):
    """Where this function's own AWS calls go."""

    region: str
    dns_suffix: str  # amazonaws.com, or another partition's
    endpoint_url: str | None  # the SDKs' AWS_ENDPOINT_URL: one endpoint for every service, an emulator's

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> AwsSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(
            region=environment.read(env, "AWS_REGION", str),
            dns_suffix=environment.read(env, "DNS_SUFFIX", str),
            endpoint_url=env.get("AWS_ENDPOINT_URL") or None,
        )
