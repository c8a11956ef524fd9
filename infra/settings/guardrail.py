"""The guardrail that an environment enforces: one that the stack creates, an existing one, or none."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from chat_gateway.guardrail.settings import IDENTIFIER, VERSION, Tagging
from infra.settings import arns, guardrail_policy
from infra.settings.arns import KmsKeyArn
from infra.settings.table import RefusedSettingError, Table, matching, require

# https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-cross-region-support.html
_PROFILE = r"(?:arn:aws[a-z-]*:bedrock:[a-z0-9-]+:[0-9]{12}:guardrail-profile/)?[a-z0-9-]+\.guardrail\.v[0-9]+:[0-9]+"
_WITHOUT_VERSION = rf"(?!.*:(?:{VERSION.pattern})$).*"
_PROFILE_RULE = "must be the id or the ARN of a guardrail profile, such as us.guardrail.v1:0"


class Override(StrEnum):
    """Whether a caller's own guardrail settings are refused, or replace the environment's."""

    DENIED = "denied"
    ALLOWED = "allowed"


class _Enforced(Table):
    """Settings that an own and an existing guardrail share."""

    trace: Literal["ENABLED", "ENABLED_FULL", "DISABLED"] | None = None
    """ENABLED or ENABLED_FULL shows the guardrail's trace to callers. By default, only the log has its findings."""
    override: Annotated[Override, Field(strict=False)] = Override.DENIED
    """Whether a caller's own guardrail settings are refused, or replace the environment's."""
    tagging: Annotated[Tagging, Field(strict=False)] = Tagging.OFF
    """Which text the gateway puts into input tags. Bedrock then checks only this text: see docs/guardrails.md."""


class OwnGuardrail(_Enforced):
    """A guardrail that the stack creates."""

    kind: Literal["own"] = "own"
    policy: dict[str, Any] = Field(default_factory=guardrail_policy.default)
    """The request of CreateGuardrail, without the name: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateGuardrail.html"""
    policy_file: str | None = None
    """A JSON file with the policy, instead of `policy`. The path is relative to the settings file."""

    @model_validator(mode="after")
    def _policy_is_cloudformations(self) -> Self:
        try:
            guardrail_policy.for_cloudformation(self.policy)
        except RefusedSettingError as error:
            raise RefusedSettingError(f"policy.{error.setting}".strip("."), error.rule) from None
        self._check_key()
        filters_attacks = "PROMPT_ATTACK" in guardrail_policy.content_filters(self.policy)
        rule = "has a prompt-attack filter, which has no effect without input tags; set guardrail.tagging"
        require(self.tagging != Tagging.OFF or not filters_attacks, "policy", rule)
        return self

    def _check_key(self) -> None:
        """CloudFormation takes no id in place of the ARN: its property is KmsKeyArn."""
        if self.kms_key_arn is None:
            return
        try:
            arns.kms_key(self.kms_key_arn)
        except ValueError as error:
            raise RefusedSettingError("policy.kmsKeyId", str(error)) from None

    @property
    def kms_key_arn(self) -> str | None:
        """The key that encrypts the guardrail, as the policy names it."""
        return self.policy.get("kmsKeyId")

    @property
    def profile(self) -> str | None:
        """The id or the ARN of the guardrail profile, as the policy names it."""
        config: dict[str, Any] = self.policy.get("crossRegionConfig") or {}
        return config.get("guardrailProfileIdentifier")


class GuardrailVersion(Table):
    """A version of a guardrail that exists in another region, for the targets in that region."""

    identifier: Annotated[
        str,
        AfterValidator(matching(IDENTIFIER.pattern, "must be 1 to 2048 visible ASCII characters")),
        AfterValidator(
            matching(_WITHOUT_VERSION, "must not end in the version, which is a setting of its own")
        ),
        AfterValidator(arns.guardrail),
    ]
    """The guardrail's id or ARN."""
    version: Annotated[str, AfterValidator(matching(VERSION.pattern, "must be a number or DRAFT"))]
    """The guardrail's version: a number or DRAFT, in quotes."""
    kms_key_arn: KmsKeyArn | None = None
    """The customer-managed KMS key that encrypts the guardrail. Callers of Bedrock may then decrypt with it."""
    profile: Annotated[str, AfterValidator(matching(_PROFILE, _PROFILE_RULE))] | None = None
    """The guardrail profile of a guardrail with cross-region inference: its id, such as us.guardrail.v1:0, or its ARN."""


class ExistingGuardrail(GuardrailVersion, _Enforced):
    """A Bedrock guardrail that exists already."""

    kind: Literal["existing"] = "existing"


def _said(is_said: bool) -> bool:
    if not is_said:
        raise ValueError("must be true")
    return is_said


class NoGuardrail(Table):
    """No enforced guardrail. Callers choose their own guardrail, or none."""

    kind: Literal["none"] = "none"
    callers_may_go_unguarded: Annotated[bool, AfterValidator(_said), Field(json_schema_extra={"const": True})]
    """Confirms that requests may run without a guardrail."""


GuardrailSettings = Annotated[OwnGuardrail | ExistingGuardrail | NoGuardrail, Field(discriminator="kind")]
EnforcedGuardrailSettings = OwnGuardrail | ExistingGuardrail
