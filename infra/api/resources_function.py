"""The function for OpenAI's resources beside chat completions."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from chat_gateway.client_policies.settings import ClientsSettings
from infra import acknowledgements
from infra.bedrock.upstream import models_settings
from infra.functions.gateway_function import GatewayFunction
from infra.settings.environment import Environment

# Less than the 29 s of API Gateway, so that the log says what took so long.
_TIMEOUT_S = 28


class ResourcesFunction(GatewayFunction):
    """Lists models. Its role may read clients and, if the environment names no models, list the account's."""

    def __init__(
        self, scope: Construct, id_: str, *, environment: Environment, clients: dynamodb.ITable
    ) -> None:
        settings = models_settings(environment)
        super().__init__(
            scope,
            id_,
            environment=environment,
            name="resources",
            module="openai_resources.handler",
            requirements="upstream",
            description="Lists models",
            timeout_s=_TIMEOUT_S,
            variables={**settings.to_env(), **ClientsSettings(clients.table_name).to_env()},
            has_event_handler=True,
        )
        clients.grant(self.role, "dynamodb:GetItem")
        if settings.account_region is not None:
            self._may_list_models()

    def _may_list_models(self) -> None:
        """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html"""
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["bedrock:ListFoundationModels", "bedrock:ListInferenceProfiles"], resources=["*"]
            )
        )
        acknowledgements.acknowledge(
            self.role,
            "AwsSolutions-IAM5[Resource::*]",
            "AWS knows no resources for these two actions. They only list models.",
        )
