"""Which guardrail an environment enforces: one that the stack makes, one that exists, or none."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from chat_gateway.guardrail.settings import IDENTIFIER, VERSION, Tagging
from infra.settings import guardrail_policy
from infra.settings.table import RefusedSettingError, Table, matching, require


class Override(StrEnum):
    """Whether a caller's own guardrail settings are refused, or win as with Bedrock itself."""

    DENIED = "denied"
    ALLOWED = "allowed"


class _Enforced(Table):
    """How a guardrail is applied."""

    trace: Literal["ENABLED", "ENABLED_FULL", "DISABLED"] | None = None
    """ENABLED or ENABLED_FULL: callers see what was found. Not set: only the log does."""
    override: Annotated[Override, Field(strict=False)] = Override.DENIED
    """Whether a caller's own guardrail settings are denied, or allowed to win."""
    tagging: Annotated[Tagging, Field(strict=False)] = Tagging.OFF
    """Which text the gateway puts into input tags, and so what is checked: docs/guardrails.md."""


class OwnGuardrail(_Enforced):
    """A guardrail that the stack makes."""

    kind: Literal["own"] = "own"
    policy: dict[str, Any] = Field(default_factory=guardrail_policy.default)
    """As CreateGuardrail takes it, without the name: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateGuardrail.html"""
    policy_file: str | None = None
    """A JSON file with the policy, beside the settings file; in place of `policy`."""

    @model_validator(mode="after")
    def _policy_is_cloudformations(self) -> Self:
        try:
            guardrail_policy.for_cloudformation(self.policy)
        except RefusedSettingError as error:
            raise RefusedSettingError(f"policy.{error.setting}".strip("."), error.rule) from None
        filters_attacks = "PROMPT_ATTACK" in guardrail_policy.content_filters(self.policy)
        rule = "filters prompt attacks, which needs guardrail.tagging: else it does nothing"
        require(self.tagging != Tagging.OFF or not filters_attacks, "policy", rule)
        return self


class ExistingGuardrail(_Enforced):
    """A Bedrock guardrail made elsewhere."""

    kind: Literal["existing"] = "existing"
    identifier: Annotated[
        str, AfterValidator(matching(IDENTIFIER.pattern, "must be 1 to 2048 visible ASCII characters"))
    ]
    """Its id or ARN."""
    version: Annotated[str, AfterValidator(matching(VERSION.pattern, "must be a number or DRAFT"))]
    """A number or DRAFT, in quotes."""


def _said(is_said: bool) -> bool:
    if not is_said:
        raise ValueError("must be true")
    return is_said


class NoGuardrail(Table):
    """Callers choose their own guardrail, or none."""

    kind: Literal["none"] = "none"
    callers_may_go_unguarded: Annotated[bool, AfterValidator(_said), Field(json_schema_extra={"const": True})]
    """Says that this is what you want."""


GuardrailSettings = Annotated[OwnGuardrail | ExistingGuardrail | NoGuardrail, Field(discriminator="kind")]
EnforcedGuardrailSettings = OwnGuardrail | ExistingGuardrail
