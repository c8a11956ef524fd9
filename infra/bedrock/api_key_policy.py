"""A policy for the IAM user behind the Bedrock API key. It allows only what the gateway needs, with its guardrail."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra import acknowledgements
from infra.bedrock import access
from infra.guardrail.enforced_guardrail import EnforcedGuardrail
from infra.settings.environment import Environment


class BedrockApiKeyPolicy(Construct):
    """Not attached to a user: API keys and their users are created outside the stack."""

    def __init__(
        self, scope: Construct, id_: str, *, environment: Environment, guardrail: EnforcedGuardrail | None
    ) -> None:
        super().__init__(scope, id_)
        statements = access.invocation(
            environment, guardrail, actions=[access.INVOKE, access.INVOKE_STREAMED]
        )
        # This action has no resource types: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html
        bearer = iam.PolicyStatement(actions=["bedrock:CallWithBearerToken"], resources=["*"])
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            description="For the IAM user behind the Bedrock API key: calls under the guardrail only",
            statements=[*statements, bearer],
        )
        access.acknowledge_wildcards(self.policy, statements)
        acknowledgements.acknowledge(
            self.policy,
            "AwsSolutions-IAM5[Resource::*]",
            "bedrock:CallWithBearerToken does not support resources.",
        )
