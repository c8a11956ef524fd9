"""IAM statements for calling Bedrock: for a role that signs, and for the user behind an API key.

Models and profiles: https://docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html and
https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
The guardrail: https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-permissions-id.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from infra import acknowledgements
from infra.guardrail.enforced_guardrail import EnforcedGuardrail
from infra.settings.guardrail import Override

INVOKE = "bedrock:InvokeModel"
INVOKE_STREAMED = "bedrock:InvokeModelWithResponseStream"
_GUARDRAIL_KEY, _PROFILE_KEY = "bedrock:GuardrailIdentifier", "bedrock:InferenceProfileArn"

# AWS's geographies and `global`. No model provider has a name of two letters.
_PROFILE_ID = re.compile(r"(?:[a-z]{2}|us-gov|apac|global)\.(?P<model>.+)")
_PROFILE_ARN = re.compile(
    r"arn:[^:]+:bedrock:[^:]*:[^:]*:(?P<kind>(?:application-)?inference-profile)/(?:[^.]+\.)?(?P<model>.+)"
)


def invocation(
    models: Sequence[str], guardrail: EnforcedGuardrail | None, *, actions: Sequence[str]
) -> list[iam.PolicyStatement]:
    """The statements that allow `actions` on `models`, or on all models if the list is empty.

    They require `guardrail`, unless it is None or callers may override it. A model behind an inference profile is allowed
    in any region, but only through that profile.
    """
    if guardrail is not None and guardrail.settings.override == Override.ALLOWED:
        guardrail = None
    required: dict[str, Any] = {} if guardrail is None else {_GUARDRAIL_KEY: guardrail_version_arn(guardrail)}
    statements = [_allow(actions, _named(models), required)]
    profiles = [model for model in models if _model_behind(model) is not None]
    if profiles:
        behind = [_foundation_model(str(_model_behind(profile)), region="*") for profile in profiles]
        through = {_PROFILE_KEY: [_arn_of(profile) for profile in profiles]}
        statements.append(_allow(actions, behind, {**required, **through}))
    if guardrail is not None:
        statements.append(_deny_without(guardrail))
    return [*statements, _guardrail_use(guardrail)]


def acknowledge_wildcards(construct: IConstruct, statements: Sequence[iam.PolicyStatement]) -> None:
    """Accepts cdk-nag's findings about the wildcards in the `statements` of `construct`, which `invocation` made."""
    resources = {
        resource
        for statement in statements
        if statement.effect is iam.Effect.ALLOW
        for resource in statement.resources
    }
    for resource in sorted(resource for resource in resources if "*" in resource):
        acknowledgements.acknowledge(
            construct,
            f"AwsSolutions-IAM5[Resource::{_as_nag_writes(resource)}]",
            "The environment names no models, profiles or guardrail here, or a profile uses its model in any region.",
        )


def guardrail_version_arn(guardrail: EnforcedGuardrail) -> str:
    """The value of `bedrock:GuardrailIdentifier`: the ARN, then `:` and the version. DRAFT is the ARN alone."""
    arn = _guardrail_arn(guardrail.identifier)
    return arn if guardrail.version == "DRAFT" else f"{arn}:{guardrail.version}"


def _allow(actions: Sequence[str], resources: Sequence[str], required: dict[str, Any]) -> iam.PolicyStatement:
    conditions = {"StringEquals": required} if required else None
    return iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)


def _deny_without(guardrail: EnforcedGuardrail) -> iam.PolicyStatement:
    """Denies calls without the guardrail on every resource, so that another policy of the caller is no way around it.

    AWS's example denies them on the named models only.
    """
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=[INVOKE, INVOKE_STREAMED],
        resources=["*"],
        conditions={"StringNotEquals": {_GUARDRAIL_KEY: guardrail_version_arn(guardrail)}},
    )


def _guardrail_use(guardrail: EnforcedGuardrail | None) -> iam.PolicyStatement:
    """Allows the use of the guardrail. If none is enforced, callers may use any guardrail of the account."""
    identifier = "*" if guardrail is None else guardrail.identifier
    return iam.PolicyStatement(actions=["bedrock:ApplyGuardrail"], resources=[_guardrail_arn(identifier)])


def _named(models: Sequence[str]) -> list[str]:
    if models:
        return [_arn_of(model) for model in models]
    return [
        _foundation_model("*", region="*"),
        _of_this_account("inference-profile/*"),
        _of_this_account("application-inference-profile/*"),
    ]


def _arn_of(model: str) -> str:
    if model.startswith("arn:"):
        return model
    if _PROFILE_ID.fullmatch(model):
        return _of_this_account(f"inference-profile/{model}")
    return _foundation_model(model, region=cdk.Aws.REGION)


def _model_behind(model: str) -> str | None:
    """The id of the foundation model behind a profile; None if `model` is not a profile.

    The ARN of an application's profile does not name its model: then `*`, which the condition on the profile limits.
    """
    if arn := _PROFILE_ARN.fullmatch(model):
        return "*" if arn["kind"] == "application-inference-profile" else arn["model"]
    profile = _PROFILE_ID.fullmatch(model)
    return None if profile is None else profile["model"]


def _foundation_model(model: str, *, region: str) -> str:
    return f"arn:{cdk.Aws.PARTITION}:bedrock:{region}::foundation-model/{model}"


def _guardrail_arn(identifier: str) -> str:
    return identifier if identifier.startswith("arn:") else _of_this_account(f"guardrail/{identifier}")


def _of_this_account(resource: str) -> str:
    return f"arn:{cdk.Aws.PARTITION}:bedrock:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:{resource}"


def _as_nag_writes(resource: str) -> str:
    names = {
        cdk.Aws.PARTITION: "<AWS::Partition>",
        cdk.Aws.REGION: "<AWS::Region>",
        cdk.Aws.ACCOUNT_ID: "<AWS::AccountId>",
    }
    for token, name in names.items():
        resource = resource.replace(token, name)
    return resource
