"""What an environment that calls Bedrock in another account must agree with. It raises RefusedSettingError."""

from __future__ import annotations

from collections.abc import Mapping

from infra.settings import arns
from infra.settings.guardrail import GuardrailSettings, GuardrailVersion, OwnGuardrail
from infra.settings.table import require
from infra.settings.upstream import Upstream

_RULE = "must be the guardrail's ARN: upstream.role_arn calls Bedrock in another account, where an id is another guardrail"


def check(
    upstream: Upstream, guardrail: GuardrailSettings, guardrails: Mapping[str, GuardrailVersion]
) -> None:
    """Each guardrail exists in the role's account. The stack cannot create one there."""
    if upstream.role_arn is None:
        return
    rule = 'must be "existing": the stack creates a guardrail in its own account, and upstream.role_arn calls Bedrock in another'
    require(not isinstance(guardrail, OwnGuardrail), "guardrail.kind", rule)
    if isinstance(guardrail, GuardrailVersion):
        _check_version("guardrail", guardrail, upstream.role_arn)
    for region, version in guardrails.items():
        _check_version(f"guardrails.{region}", version, upstream.role_arn)


def _check_version(path: str, version: GuardrailVersion, role_arn: str) -> None:
    require(version.identifier.startswith("arn:"), f"{path}.identifier", _RULE)
    account = arns.account_of(role_arn)
    rule = f"must be a guardrail in {account}, the account of upstream.role_arn"
    require(arns.account_of(version.identifier) == account, f"{path}.identifier", rule)
    rule = "has no effect with upstream.role_arn: write what it permits into that role's policy"
    for setting, value in {"kms_key_arn": version.kms_key_arn, "profile": version.profile}.items():
        require(value is None, f"{path}.{setting}", rule)
