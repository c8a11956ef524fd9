"""Builds the chat completions of the chat function and the jobs worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat_gateway.aws.json_client import AwsJsonClient
from chat_gateway.bedrock.api_key import BedrockApiKey
from chat_gateway.bedrock.bearer_auth import BearerCredentials
from chat_gateway.bedrock.client import BedrockClient, UpstreamTimeouts
from chat_gateway.completions.completions import Completions

if TYPE_CHECKING:
    from chat_gateway.aws.settings import AwsSettings
    from chat_gateway.bedrock.auth import UpstreamCredentials
    from chat_gateway.completions.allowed_models import AllowedModels
    from chat_gateway.completions.completions import ChatCompletions
    from chat_gateway.service.settings import UpstreamSettings


def completions(settings: UpstreamSettings, aws: AwsSettings, *, max_connections: int) -> ChatCompletions:
    """Chat completions with these settings. At most `max_connections` idle connections are kept to each endpoint.

    Raises ConfigurationError for a wrong setting.
    """
    made = plain(settings, aws, max_connections=max_connections)
    if settings.model_names is None and not settings.names_only:
        return made
    from chat_gateway.model_names import wiring  # for environments with names of their own

    return wiring.named(made, settings.model_names, settings.regions, aws, names_only=settings.names_only)


def plain(settings: UpstreamSettings, aws: AwsSettings, *, max_connections: int) -> Completions:
    """The same without the environment's own model names."""
    return Completions(
        bedrock=BedrockClient(
            base_url=settings.base_url,
            timeouts=_timeouts(settings),
            max_connections=max_connections,
            max_answer_bytes=settings.max_response_bytes,
        ),
        credentials=_credentials(settings, aws),
        guardrail=settings.guardrail,
        separates_reasoning=settings.separate_reasoning,
        allowed_models=_allowed_models(settings),
        routes=dict(route.rsplit("=", 1) for route in settings.routes),
    )


def _timeouts(settings: UpstreamSettings) -> UpstreamTimeouts:
    return UpstreamTimeouts(
        connect_s=settings.connect_timeout_s,
        first_byte_s=settings.first_byte_timeout_s,
        between_bytes_s=settings.between_bytes_timeout_s,
    )


def _allowed_models(settings: UpstreamSettings) -> AllowedModels | None:
    if not settings.models:
        return None
    from chat_gateway.completions.allowed_models import AllowedModels  # only if models are listed

    return AllowedModels(settings.models)


def _credentials(settings: UpstreamSettings, aws: AwsSettings) -> UpstreamCredentials:
    if settings.api_key is None:
        return _signing(settings, aws)
    secrets = AwsJsonClient(aws, service="secretsmanager", target_prefix="secretsmanager", json_version="1.1")
    api_key = BedrockApiKey(
        secrets, secret_arn=settings.api_key.secret_arn, max_age_s=settings.api_key.max_age_s
    )
    return BearerCredentials(settings.base_url, api_key)


def _signing(settings: UpstreamSettings, aws: AwsSettings) -> UpstreamCredentials:
    """Each way is imported only if it is used: botocore's signer takes 50 ms."""
    if settings.role_arn is not None:
        from chat_gateway.bedrock import assumed_role

        return assumed_role.credentials(
            settings.base_url, aws, role_arn=settings.role_arn, external_id=settings.role_external_id
        )
    from chat_gateway.bedrock.role_signature import RoleCredentials, region_of

    return RoleCredentials(settings.base_url, region_of(settings.base_url, default=aws.region))
