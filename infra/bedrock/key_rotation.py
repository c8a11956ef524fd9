"""The rotation of the Bedrock API key: Secrets Manager's schedule, and the function that replaces the key."""

from __future__ import annotations

from itertools import chain

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.bedrock import upstream
from infra.bedrock.api_key_secret import BedrockApiKeySecret
from infra.functions.gateway_function import GatewayFunction
from infra.guardrail.enforced_guardrail import EnforcedGuardrail
from infra.settings import memory_sizes
from infra.settings.environment import Environment
from infra.settings.key_rotation import KeyRotation
from key_rotation.settings import RotationSettings

# Bedrock accepts a new key after some seconds. The test repeats its request for most of this time.
_TIMEOUT_S = 120
_SERVICE = "bedrock.amazonaws.com"


class BedrockKeyRotation(Construct):
    """Replaces the key on schedule. The function's role may change this secret and this user's Bedrock keys only."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        rotation: KeyRotation,
        secret: BedrockApiKeySecret,
        guardrail: EnforcedGuardrail | None,
    ) -> None:
        super().__init__(scope, id_)
        self.user_name = rotation.user_name
        rotator = GatewayFunction(
            self,
            "Rotator",
            environment=environment,
            name="key-rotation",
            module="key_rotation.handler",
            requirements="upstream",
            description="Replaces the Bedrock API key",
            timeout_s=_TIMEOUT_S,
            memory_mib=memory_sizes.KEY_ROTATION_MIB,
            in_vpc=False,  # IAM has endpoints in one region only
            variables=RotationSettings(
                secret_arn=secret.arn,
                user=rotation.user_name,
                key_age_days=rotation.credential_age_days,
                base_url=upstream.base_url(environment),
                model=_model(environment),
                guardrail=upstream.guardrail_settings(guardrail),
            ).to_env(),
        )
        self.function, self.log_group = rotator.function, rotator.log_group
        _grant(rotator.role, rotation, secret)
        self._schedule(rotation, secret, rotator)

    def _schedule(self, rotation: KeyRotation, secret: BedrockApiKeySecret, rotator: GatewayFunction) -> None:
        """The deployment itself rotates nothing: the user may not have its policy yet, which the same stack creates."""
        self.function.add_permission(
            "SecretsManager",
            principal=iam.ServicePrincipal("secretsmanager.amazonaws.com"),
            source_account=cdk.Aws.ACCOUNT_ID,
            source_arn=secret.arn,
        )
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "Schedule",
            secret_id=secret.arn,
            rotation_lambda_arn=self.function.function_arn,
            rotate_immediately_on_update=False,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                automatically_after_days=rotation.every_days
            ),
        )
        # Also after the permission and the role's policy, because Secrets Manager calls the function at once to test it:
        # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html (RotateImmediately)
        schedule.node.add_dependency(rotator)


def _grant(role: iam.Role, rotation: KeyRotation, secret: BedrockApiKeySecret) -> None:
    role.add_to_policy(
        iam.PolicyStatement(
            actions=[
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            resources=[secret.arn],
        )
    )
    user = f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:user/{rotation.user}"
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["iam:ListServiceSpecificCredentials", "iam:DeleteServiceSpecificCredential"],
            resources=[user],
        )
    )
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["iam:CreateServiceSpecificCredential"],
            resources=[user],
            conditions={
                "StringEquals": {"iam:ServiceSpecificCredentialServiceName": _SERVICE},
                "NumericLessThanEquals": {
                    "iam:ServiceSpecificCredentialAgeDays": str(rotation.credential_age_days)
                },
            },
        )
    )


def _model(environment: Environment) -> str:
    """The model that the test names: the proof's, or the one behind it, or else another that the user's policy allows."""
    chosen, bedrock, names = environment.proof.model, environment.upstream, environment.model_names
    if chosen not in names and not bedrock.names_only and bedrock.allows(chosen):
        return chosen
    listed = [] if bedrock.names_only else bedrock.models
    targets = chain(names.get(chosen, ()), *names.values())
    here = [target.model for target in targets if target.region is None]
    return next(iter([*here, *listed]), chosen)
