"""The chat function, which answers HTTP requests."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from chat_gateway.client_policies.settings import ClientsSettings
from chat_gateway.http_api.custom_domain import CustomDomain
from chat_gateway.http_api.settings import HttpSettings
from infra.api import cors
from infra.bedrock.api_key_secret import BedrockApiKeySecret
from infra.bedrock.upstream import grant_upstream, upstream_settings
from infra.clients import signed_requests
from infra.clients.usage_settings import usage_settings
from infra.functions.gateway_function import GatewayFunction
from infra.functions.live_alias import LiveAlias
from infra.functions.metrics import metrics_settings
from infra.guardrail.enforced_guardrail import EnforcedGuardrail
from infra.settings.environment import Environment

# By default glibc may return the memory of a large request to the system, and then page it in again for the next one. This
# takes up to a third of such a request's time. https://man7.org/linux/man-pages/man3/mallopt.3.html
_MALLOC = {"MALLOC_TRIM_THRESHOLD_": str(64 * 1024 * 1024), "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024)}


class ChatFunction(Construct):
    """Answers HTTP requests.

    Its role may read the Bedrock API key or, without a key, call Bedrock. It may read clients, and count their usage.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        api_key_secret: BedrockApiKeySecret | None,
        guardrail: EnforcedGuardrail | None,
        clients: dynamodb.ITable,
        usage: dynamodb.ITable,
    ) -> None:
        super().__init__(scope, id_)
        upstream = upstream_settings(
            environment, api_key_secret, guardrail, total_timeout_s=environment.timeouts.answer_s
        )
        http = HttpSettings(
            stream_timeout_s=environment.timeouts.stream_s,
            count_stream_tokens=environment.chat_function.count_stream_tokens,
            record_usage=environment.clients.record_usage,
            shows_target=environment.completions.show_target_model,
            deployment_paths=environment.api.deployment_paths,
        )
        self.gateway_function = GatewayFunction(
            self,
            "Chat",
            environment=environment,
            name="api",
            module=signed_requests.handler(environment, "chat_gateway.http_api"),
            requirements="upstream",
            description="Answers chat completions from Amazon Bedrock",
            timeout_s=environment.timeouts.chat_function_s,
            memory_mib=environment.chat_function.memory_size_mib,
            variables={
                **upstream.to_env(),
                **http.to_env(),
                **metrics_settings(environment).to_env(),
                **ClientsSettings(clients.table_name).to_env(),
                **signed_requests.variables(environment),
                **usage_settings(environment, usage).to_env(),
                **cors.variables(environment.api),
                **_domain(environment),
                **_MALLOC,
            },
            streams=environment.platform.streams,
            reserved_concurrency=environment.chat_function.reserved_concurrent_executions,
        )
        grant_upstream(self.gateway_function.role, environment, api_key_secret, guardrail, streams=True)
        clients.grant(self.gateway_function.role, "dynamodb:GetItem")
        usage.grant(self.gateway_function.role, "dynamodb:UpdateItem")
        self.live = LiveAlias(self.gateway_function.function)
        self.log_group = self.gateway_function.log_group


def _domain(environment: Environment) -> dict[str, str]:
    """The variable of an environment with a domain name; empty without."""
    return {} if environment.domain is None else CustomDomain(environment.domain.base_url).to_env()
