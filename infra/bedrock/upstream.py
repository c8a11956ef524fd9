"""The settings and permissions for Bedrock that the chat function and the jobs worker share."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from chat_gateway.bedrock.settings import ApiKeySettings
from chat_gateway.guardrail.settings import Guardrail
from chat_gateway.service.settings import UpstreamSettings
from infra.bedrock import access
from infra.bedrock.api_key_secret import BedrockApiKeySecret
from infra.guardrail.enforced_guardrail import EnforcedGuardrail
from infra.settings.environment import Environment
from infra.settings.guardrail import Override
from openai_resources.settings import ModelsSettings


def base_url(environment: Environment, region: str | None = None) -> str:
    """The environment's own URL for the region, or Bedrock's endpoint there. Ends in /openai/v1.

    Without `region`, it is the region of the stack.
    """
    bedrock = f"https://bedrock-runtime.{region or cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}/openai/v1"
    own = environment.upstream
    return (own.url if region is None else own.region_urls.get(region)) or bedrock


def upstream_settings(
    environment: Environment,
    api_key_secret: BedrockApiKeySecret | None,
    guardrail: EnforcedGuardrail | None,
    *,
    total_timeout_s: int,
) -> UpstreamSettings:
    """The settings of a function that calls Bedrock."""
    timeouts = environment.timeouts
    return UpstreamSettings(
        base_url=base_url(environment),
        api_key=_api_key(environment, api_key_secret),
        connect_timeout_s=timeouts.connect_s,
        first_byte_timeout_s=timeouts.first_byte_s(total_timeout_s),
        between_bytes_timeout_s=timeouts.between_bytes_s(total_timeout_s),
        total_timeout_s=total_timeout_s,
        max_request_bytes=environment.api.max_request_bytes,
        max_response_bytes=environment.platform.max_response_bytes,
        guardrail=guardrail_settings(guardrail),
        separate_reasoning=environment.completions.separate_reasoning,
        models=tuple(environment.upstream.models),
        routes=_routes(environment),
        model_names=environment.model_names_text,
        names_only=environment.upstream.names_only,
        regions=environment.regions_text,
        role_arn=environment.upstream.role_arn,
        role_external_id=environment.upstream.role_external_id,
    )


def models_settings(environment: Environment) -> ModelsSettings:
    """The settings of the function that lists models."""
    return ModelsSettings(
        models=tuple(environment.upstream.models),
        routes=_routes(environment),
        model_names=environment.model_names_text,
        names_only=environment.upstream.names_only,
        account_region=_account_region(environment),
    )


def guardrail_settings(enforced: EnforcedGuardrail | None) -> Guardrail | None:
    """The guardrail as the functions read it; None without one."""
    if enforced is None:
        return None
    return Guardrail(
        identifier=enforced.identifier,
        version=enforced.version,
        trace=enforced.settings.trace,
        callers_may_override=enforced.settings.override == Override.ALLOWED,
        tagging=enforced.settings.tagging,
    )


def grant_upstream(
    role: iam.Role,
    environment: Environment,
    api_key_secret: BedrockApiKeySecret | None,
    guardrail: EnforcedGuardrail | None,
    *,
    streams: bool,
) -> None:
    """Allows `role` to read the API key or, without a key, to assume the role for Bedrock or to call Bedrock itself."""
    if api_key_secret is not None:
        api_key_secret.grant_read(role)
        return
    if environment.upstream.role_arn is not None:
        assumed = [environment.upstream.role_arn]
        role.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=assumed))
        return
    actions = [access.INVOKE, *([access.INVOKE_STREAMED] if streams else [])]
    statements = access.invocation(environment, guardrail, actions=actions)
    for statement in statements:
        role.add_to_policy(statement)
    access.acknowledge_wildcards(role, statements)


def _routes(environment: Environment) -> tuple[str, ...]:
    return tuple(f"{model}={route}" for model, route in environment.upstream.routes.items())


def _account_region(environment: Environment) -> str | None:
    """Where the account's models are listed; None if they are not."""
    upstream = environment.upstream
    return (upstream.url_region or cdk.Aws.REGION) if upstream.lists_account_models else None


def _api_key(environment: Environment, api_key_secret: BedrockApiKeySecret | None) -> ApiKeySettings | None:
    if api_key_secret is None:
        return None
    return ApiKeySettings(secret_arn=api_key_secret.arn, max_age_s=environment.upstream.api_key_max_age_s)
