"""The settings that the chat function and the jobs worker share: how to reach Bedrock."""

from __future__ import annotations

import aws_cdk as cdk

from infra.bedrock_api_key import BedrockApiKey
from infra.environments import Environment
from infra.guardrail import EnforcedGuardrail


def upstream_variables(
    environment: Environment,
    api_key: BedrockApiKey,
    guardrail: EnforcedGuardrail | None,
    *,
    total_timeout_s: int,
) -> dict[str, str]:
    """Environment variables that chat_gateway.settings.UpstreamSettings reads."""
    bedrock = f"https://bedrock-runtime.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}/openai/v1"
    variables = {
        "BEDROCK_BASE_URL": environment.upstream_url or bedrock,
        "BEDROCK_API_KEY_SECRET_ARN": api_key.secret.secret_arn,
        "SECRET_MAX_AGE_S": str(environment.secret_max_age_s),
        "UPSTREAM_CONNECT_TIMEOUT_S": str(environment.timeouts.connect_s),
        "UPSTREAM_TOTAL_TIMEOUT_S": str(total_timeout_s),
        "MAX_REQUEST_BYTES": str(environment.max_request_bytes),
    }
    return variables | guardrail_variables(guardrail)


def guardrail_variables(guardrail: EnforcedGuardrail | None) -> dict[str, str]:
    """Those of them that name the guardrail; none where none is enforced."""
    if guardrail is None:
        return {}
    settings = guardrail.settings
    variables = {
        "GUARDRAIL_IDENTIFIER": guardrail.identifier,
        "GUARDRAIL_VERSION": guardrail.version,
        "GUARDRAIL_OVERRIDE": settings.override,
        "GUARDRAIL_TAGGING": settings.tagging,
    }
    return variables if settings.trace is None else {**variables, "GUARDRAIL_TRACE": settings.trace}
