"""The secret that holds the Bedrock API key."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from chat_gateway.bedrock.settings import PLACEHOLDER
from infra import acknowledgements
from infra.removal import removal_policy
from infra.settings.environment import Environment


class BedrockApiKeySecret(Construct):
    """A secret that holds a placeholder until the operator stores a key."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_)
        secret = secretsmanager.Secret(
            self,
            "Secret",
            description="Bedrock API key: a plain string, or a JSON object with api_key",
            # The placeholder is not secret. Without a value, CloudFormation would generate a random password.
            secret_string_value=cdk.SecretValue.unsafe_plain_text(PLACEHOLDER),
            removal_policy=removal_policy(environment),
        )
        self.arn = secret.secret_arn
        if environment.upstream.key_rotation is not None:
            return
        acknowledgements.acknowledge(
            secret,
            "AwsSolutions-SMG4",
            "The environment does not set upstream.key_rotation: the operator replaces the key.",
        )

    def grant_read(self, role: iam.Role) -> None:
        """Allows `role` to read the key."""
        role.add_to_policy(
            iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[self.arn])
        )
