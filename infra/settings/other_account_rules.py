"""What an environment that calls Bedrock in another account must agree with. It raises RefusedSettingError."""

from __future__ import annotations

from collections.abc import Mapping

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
        require(guardrail.identifier.startswith("arn:"), "guardrail.identifier", _RULE)
    for region, version in guardrails.items():
        require(version.identifier.startswith("arn:"), f"guardrails.{region}.identifier", _RULE)
