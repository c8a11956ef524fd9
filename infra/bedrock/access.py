"""IAM statements for calling Bedrock: for a role that signs, and for the user behind an API key.

Models and profiles: https://docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html and
https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
The guardrail: https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-permissions-id.html,
https://docs.aws.amazon.com/bedrock/latest/userguide/guardrail-profiles-permissions.html and
https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-permissions-kms.html
Of several values, StringEquals needs one and StringNotEquals none:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from chat_gateway.model_names.settings import Target
from infra import acknowledgements
from infra.guardrail.enforced_guardrail import EnforcedGuardrail
from infra.settings.environment import Environment
from infra.settings.guardrail import GuardrailVersion, Override, OwnGuardrail

INVOKE = "bedrock:InvokeModel"
INVOKE_STREAMED = "bedrock:InvokeModelWithResponseStream"
_GUARDRAIL_KEY, _PROFILE_KEY = "bedrock:GuardrailIdentifier", "bedrock:InferenceProfileArn"

# AWS's geographies and `global`. No model provider has a name of two letters.
_PROFILE_ID = re.compile(r"(?:[a-z]{2}|us-gov|apac|global)\.(?P<model>.+)")
_PROFILE_ARN = re.compile(
    r"arn:[^:]+:bedrock:[^:]*:[^:]*:(?P<kind>(?:application-)?inference-profile)/(?:[^.]+\.)?(?P<model>.+)"
)


def invocation(
    environment: Environment, guardrail: EnforcedGuardrail | None, *, actions: Sequence[str]
) -> list[iam.PolicyStatement]:
    """The statements that allow `actions` on the models that the environment uses.

    They require `guardrail`, or in another region the guardrail there, unless it is None or callers may override it. A
    model behind an inference profile is allowed in any region, but only through that profile.
    """
    if guardrail is not None and guardrail.settings.override == Override.ALLOWED:
        guardrail = None
    required = {} if guardrail is None else {_GUARDRAIL_KEY: _required_versions(environment, guardrail)}
    listed, targets = environment.upstream.models, list(chain(*environment.model_names.values()))
    projects: list[str] = []
    if environment.upstream.names_only or listed:
        named = targets if environment.upstream.names_only else [*map(Target, listed), *targets]
        projects = [_default_project(region) for region in (cdk.Aws.REGION, *environment.other_regions)]
        statements = [*_on_models(actions, named, required), _allow(actions, projects, {})]
    else:
        statements = [_allow(actions, [*_every_model(), *_beside_every_model(targets)], required)]
    if required:
        statements.append(_deny_without(required, projects))
    return [*statements, *_guardrail_use(environment, guardrail)]


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


def _required_versions(environment: Environment, guardrail: EnforcedGuardrail) -> str | list[str]:
    """The values of `bedrock:GuardrailIdentifier`: the guardrail in the stack's region, and the one in each other region.

    A gradual deployment serves with the old and the new version of the stack's own guardrail for some minutes. So any
    version is allowed then: CloudFormation deletes the old one at the end.
    """
    is_own = isinstance(guardrail.settings, OwnGuardrail)
    if is_own and environment.deployment.gradual:
        own = f"{_guardrail_arn(guardrail.identifier, cdk.Aws.REGION)}:*"
    else:
        own = _version_arn(guardrail, cdk.Aws.REGION)
    there = [_version_arn(environment.guardrails[region], region) for region in environment.other_regions]
    return [own, *there] if there else own


def _version_arn(guardrail: EnforcedGuardrail | GuardrailVersion, region: str) -> str:
    """The ARN, then `:` and the version. DRAFT is the ARN alone."""
    arn = _guardrail_arn(guardrail.identifier, region)
    return arn if guardrail.version == "DRAFT" else f"{arn}:{guardrail.version}"


def _on_models(
    actions: Sequence[str], models: Iterable[Target], required: dict[str, Any]
) -> list[iam.PolicyStatement]:
    by_arn = {_arn_of(model): model.model for model in models}
    behind = {arn: found for arn, model in by_arn.items() if (found := _model_behind(model)) is not None}
    statements = [_allow(actions, list(by_arn), required)]
    if behind:
        in_any_region = [_foundation_model(model, region="*") for model in behind.values()]
        statements.append(_allow(actions, in_any_region, required, profiles=list(behind)))
    return statements


def _allow(
    actions: Sequence[str],
    resources: Sequence[str],
    required: dict[str, Any],
    *,
    profiles: Sequence[str] = (),
) -> iam.PolicyStatement:
    conditions: dict[str, dict[str, Any]] = (
        {f"String{_comparison(required)}": {**required}} if required else {}
    )
    if profiles:
        conditions.setdefault("StringEquals", {})[_PROFILE_KEY] = profiles
    return iam.PolicyStatement(
        actions=list(actions), resources=list(resources), conditions=conditions or None
    )


def _comparison(required: dict[str, Any]) -> str:
    """How IAM compares the guardrail: `Like` if any version of it is allowed."""
    values = required[_GUARDRAIL_KEY]
    first = values if isinstance(values, str) else values[0]
    return "Like" if first.endswith(":*") else "Equals"


def _deny_without(required: dict[str, Any], projects: Sequence[str]) -> iam.PolicyStatement:
    """Denies calls without the guardrail on every resource, so that another policy of the caller is no way around it.

    AWS's example denies them on the named models only. `projects` are left out: AWS does not say whether it knows the
    guardrail when it authorizes a call for its project. The same call is also authorized for its model.
    """
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=[INVOKE, INVOKE_STREAMED],
        resources=None if projects else ["*"],
        not_resources=projects or None,
        conditions={f"StringNot{_comparison(required)}": required},
    )


def _guardrail_use(
    environment: Environment, guardrail: EnforcedGuardrail | None
) -> Iterator[iam.PolicyStatement]:
    """Allows the use of each region's guardrail, of its profile and of the key that encrypts it.

    If no guardrail is enforced, callers may use any guardrail of the account.
    """
    regions = environment.other_regions
    if guardrail is None:
        resources = [_guardrail_arn("*", region) for region in (cdk.Aws.REGION, *regions)]
    else:
        there = [_guardrail_arn(environment.guardrails[region].identifier, region) for region in regions]
        resources = [_guardrail_arn(guardrail.identifier, cdk.Aws.REGION), *there]
    enforced = [one for one in (environment.enforced_guardrail, *environment.guardrails.values()) if one]
    profiles = dict.fromkeys(arn for one in enforced if (arn := _guardrail_profile(one)) is not None)
    yield iam.PolicyStatement(actions=["bedrock:ApplyGuardrail"], resources=[*resources, *profiles])
    keys = list(dict.fromkeys(one.kms_key_arn for one in enforced if one.kms_key_arn is not None))
    if keys:
        yield iam.PolicyStatement(actions=["kms:Decrypt"], resources=keys)


def _guardrail_profile(guardrail: OwnGuardrail | GuardrailVersion) -> str | None:
    """The profile in each region that it leads to, in the account of the guardrail; None without a profile.

    https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-cross-region-support.html has the regions.
    """
    if guardrail.profile is None:
        return None
    profile = f"guardrail-profile/{guardrail.profile.rpartition('/')[2]}"
    if isinstance(guardrail, GuardrailVersion) and guardrail.identifier.startswith("arn:"):
        _, partition, _, _, account, *_ = guardrail.identifier.split(":")
        return f"arn:{partition}:bedrock:*:{account}:{profile}"
    return _of_this_account(profile, "*")


def _every_model() -> list[str]:
    return [
        _foundation_model("*", region="*"),
        _of_this_account("inference-profile/*"),
        _of_this_account("application-inference-profile/*"),
    ]


def _beside_every_model(targets: Iterable[Target]) -> Iterator[str]:
    """What `_every_model` may lack: what an ARN names, and the profiles of other regions."""
    for target in targets:
        is_elsewhere = target.region is not None and _PROFILE_ID.fullmatch(target.model)
        if is_elsewhere or target.model.startswith("arn:"):
            yield _arn_of(target)


def _arn_of(target: Target) -> str:
    """The ARN of a model or profile in its region; in the stack's own if it has none."""
    model, region = target.model, target.region or cdk.Aws.REGION
    if model.startswith("arn:"):
        return model
    if _PROFILE_ID.fullmatch(model):
        return _of_this_account(f"inference-profile/{model}", region)
    return _foundation_model(model, region=region)


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


def _default_project(region: str) -> str:
    """Some models need it beside their own ARN, as their model cards say: Grok 4.6, GPT-5.6 and GPT-6."""
    return _of_this_account("project/default", region)


def _guardrail_arn(identifier: str, region: str) -> str:
    if identifier.startswith("arn:"):
        return identifier
    return _of_this_account(f"guardrail/{identifier}", region)


def _of_this_account(resource: str, region: str = cdk.Aws.REGION) -> str:
    return f"arn:{cdk.Aws.PARTITION}:bedrock:{region}:{cdk.Aws.ACCOUNT_ID}:{resource}"


def _as_nag_writes(resource: str) -> str:
    names = {
        cdk.Aws.PARTITION: "<AWS::Partition>",
        cdk.Aws.REGION: "<AWS::Region>",
        cdk.Aws.ACCOUNT_ID: "<AWS::AccountId>",
    }
    for token, name in names.items():
        resource = resource.replace(token, name)
    return resource
