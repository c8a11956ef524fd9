"""Bedrock's API key, and a Secrets Manager that holds it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.bedrock.api_key import BedrockApiKey
from chat_gateway.bedrock.bearer_auth import BearerCredentials

PASSING = ("ThrottlingException", "InternalServiceError")


class FakeSecrets:
    """Secrets Manager with one secret; counts its reads."""

    def __init__(self, text: str) -> None:
        self.text, self.reads = text, 0
        self.failure: str | None = None
        self.ends_at: float | None = None  # of the last read

    def call(
        self, operation: str, parameters: Mapping[str, Any], *, ends_at: float = math.inf
    ) -> dict[str, Any]:
        assert (operation, parameters) == ("GetSecretValue", {"SecretId": "arn:secret"})
        self.reads, self.ends_at = self.reads + 1, ends_at
        if self.failure:
            raise AwsCallError(operation, self.failure, is_passing=self.failure in PASSING)
        return {"SecretString": self.text}


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def api_key(secrets: FakeSecrets, clock: Clock | None = None) -> BedrockApiKey:
    return BedrockApiKey(
        secrets,  # type: ignore[arg-type]
        secret_arn="arn:secret",
        max_age_s=300,
        clock=clock or Clock(),
    )


def key_credentials(key: BedrockApiKey) -> BearerCredentials:
    """Credentials with that key for the Bedrock of these tests."""
    return BearerCredentials("https://bedrock.test/openai/v1", key)
