"""Applies the account's rules to a stack."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from infra.account import cdk_provider, encryption
from infra.settings.environment import Environment


def apply(stack: cdk.Stack, environment: Environment) -> None:
    """Applies the rules. Call it after all constructs of the stack were made."""
    cdk_provider.configure(stack, environment)
    encryption.encrypt(stack, environment)
    boundary = environment.account.permissions_boundary_arn
    if boundary is not None:
        policy = iam.ManagedPolicy.from_managed_policy_arn(stack, "PermissionsBoundary", boundary)
        iam.PermissionsBoundary.of(stack).apply(policy)


def tags(environment: Environment) -> dict[str, str]:
    """The tags of the stack's resources: its own, and those of the settings."""
    own = {"application": "bedrock-chat-gateway", "environment": environment.name}
    return environment.account.tags_with(own)
