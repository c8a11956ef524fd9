"""What the chat function and the jobs worker share: the settings and the permissions to reach Bedrock."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from infra import bedrock_access
from infra.bedrock_api_key import BedrockApiKey
from infra.environments import Environment
from infra.guardrail import EnforcedGuardrail

# An answer in one piece is parsed, and a JSON document takes many times its size in memory.
_MAX_RESPONSE_BYTES = 8 * 1024 * 1024
# Where nothing streams, it is a string in a JSON document of 6 MB, and escapes may double it:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_BUFFERED_BYTES = 3 * 1024 * 1024 - 64 * 1024  # the rest is for headers


def base_url(environment: Environment) -> str:
    """Bedrock's, or what the environment says in its place; ends in /openai/v1."""
    bedrock = f"https://bedrock-runtime.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}/openai/v1"
    return environment.upstream_url or bedrock


def upstream_variables(
    environment: Environment,
    api_key: BedrockApiKey | None,
    guardrail: EnforcedGuardrail | None,
    *,
    total_timeout_s: int,
) -> dict[str, str]:
    """Environment variables that chat_gateway.service.settings.UpstreamSettings reads."""
    variables = {
        "BEDROCK_BASE_URL": base_url(environment),
        "UPSTREAM_CONNECT_TIMEOUT_S": str(environment.timeouts.connect_s),
        "UPSTREAM_TOTAL_TIMEOUT_S": str(total_timeout_s),
        "UPSTREAM_FIRST_BYTE_TIMEOUT_S": str(environment.timeouts.first_byte_s(total_timeout_s)),
        "UPSTREAM_BETWEEN_BYTES_TIMEOUT_S": str(environment.timeouts.between_bytes_s(total_timeout_s)),
        "MAX_REQUEST_BYTES": str(environment.max_request_bytes),
        "SEPARATE_REASONING": str(environment.separate_reasoning).lower(),
        "MAX_RESPONSE_BYTES": str(_MAX_RESPONSE_BYTES if environment.streams else _MAX_BUFFERED_BYTES),
    }
    if environment.upstream_models:
        variables["UPSTREAM_MODELS"] = ",".join(environment.upstream_models)
    return variables | _credentials_variables(environment, api_key) | guardrail_variables(guardrail)


def grant_upstream(
    role: iam.Role,
    environment: Environment,
    api_key: BedrockApiKey | None,
    guardrail: EnforcedGuardrail | None,
    *,
    streams: bool,
) -> None:
    """Lets `role` read the API key or, where there is none, ask Bedrock itself."""
    if api_key is not None:
        api_key.grant_read(role)
        return
    actions = [bedrock_access.INVOKE, *([bedrock_access.INVOKE_STREAMED] if streams else [])]
    statements = bedrock_access.invocation(environment.upstream_models, guardrail, actions=actions)
    for statement in statements:
        role.add_to_policy(statement)
    bedrock_access.acknowledge_wildcards(role, statements)


def _credentials_variables(environment: Environment, api_key: BedrockApiKey | None) -> dict[str, str]:
    variables = {"UPSTREAM_AUTH": str(environment.upstream_auth)}
    if api_key is None:
        return variables
    return {
        **variables,
        "BEDROCK_API_KEY_SECRET_ARN": api_key.secret.secret_arn,
        "SECRET_MAX_AGE_S": str(environment.secret_max_age_s),
    }


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
