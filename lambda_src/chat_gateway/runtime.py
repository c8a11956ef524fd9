"""What one execution environment keeps between invocations, built from its settings once."""

from __future__ import annotations

from functools import cache

from chat_gateway.aws_json import AwsJsonClient
from chat_gateway.bedrock import BedrockClient
from chat_gateway.bedrock_key import BedrockApiKey
from chat_gateway.completions import Completions
from chat_gateway.settings import AwsSettings, UpstreamSettings


@cache
def upstream_settings() -> UpstreamSettings:
    """Raises ConfigurationError."""
    return UpstreamSettings.from_env()


def completions(*, max_connections: int) -> Completions:
    """The way to Bedrock for this function. Raises ConfigurationError."""
    settings = upstream_settings()
    secrets = AwsJsonClient(
        AwsSettings.from_env(), service="secretsmanager", target_prefix="secretsmanager", json_version="1.1"
    )
    return Completions(
        bedrock=BedrockClient(
            base_url=settings.base_url,
            connect_timeout_s=settings.connect_timeout_s,
            max_connections=max_connections,
        ),
        api_key=BedrockApiKey(
            secrets, secret_arn=settings.api_key_secret_arn, max_age_s=settings.secret_max_age_s
        ),
        guardrail=settings.guardrail,
    )
