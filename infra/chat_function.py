"""The function behind the HTTP side."""

from __future__ import annotations

from constructs import Construct

from infra.bedrock_api_key import BedrockApiKey
from infra.environments import Environment
from infra.gateway_function import GatewayFunction
from infra.upstream import upstream_variables


class ChatFunction(Construct):
    """Answers HTTP requests; may read the Bedrock API key."""

    def __init__(
        self, scope: Construct, id_: str, *, environment: Environment, api_key: BedrockApiKey
    ) -> None:
        super().__init__(scope, id_)
        gateway_function = GatewayFunction(
            self,
            "Chat",
            environment=environment,
            module="api",
            requirements="upstream",
            description="Answers chat completions from Amazon Bedrock",
            timeout_s=environment.timeouts.chat_function_s,
            variables=upstream_variables(
                environment, api_key, total_timeout_s=environment.timeouts.chat_upstream_s
            ),
            reserved_concurrency=environment.reserved_concurrency,
        )
        api_key.grant_read(gateway_function.role)
        self.function = gateway_function.function
        self.log_group = gateway_function.log_group
