"""The settings of the rotation of the Bedrock API key."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from infra.settings.table import Table, matching, require

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceSpecificCredential.html (UserName, CredentialAgeDays)
_USER = r"(?:[A-Za-z0-9_+=,.@-]{1,64}/){0,8}[A-Za-z0-9_+=,.@-]{1,64}"
_USER_RULE = "must be the name of an IAM user, or its path and name without a slash in front: team/name"
_MAX_AGE_DAYS = 36_600
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotationRulesType.html (AutomaticallyAfterDays)
_MAX_INTERVAL_DAYS = 1000
# After a rotation has failed, the current key works for this time, in which an operator can act.
_LEAST_GRACE_DAYS, _GRACE_DAYS = 7, 30


class KeyRotation(Table):
    """Replace the Bedrock API key regularly. docs/deploying.md says what you must prepare."""

    user: Annotated[str, AfterValidator(matching(_USER, _USER_RULE))]
    """The IAM user whose long-term Bedrock keys the secret holds: `name`, or `path/name`. Nothing else may use its keys."""
    every_days: Annotated[int, Field(ge=1, le=_MAX_INTERVAL_DAYS)] = 60
    """How many days after a rotation the next one begins."""
    key_age_days: Annotated[int, Field(ge=1, le=_MAX_AGE_DAYS)] | None = None
    """After how many days IAM ends a key: at least every_days + 7. By default, every_days + 30."""

    @model_validator(mode="after")
    def _keys_outlive_the_interval(self) -> Self:
        least = self.every_days + _LEAST_GRACE_DAYS
        rule = (
            f"must be at least {least}: every_days, and {_LEAST_GRACE_DAYS} days to act if a rotation fails"
        )
        require(self.key_age_days is None or self.key_age_days >= least, "key_age_days", rule)
        return self

    @property
    def credential_age_days(self) -> int:
        """The age at which IAM ends a key."""
        return self.key_age_days or self.every_days + _GRACE_DAYS

    @property
    def user_name(self) -> str:
        """The user's name without its path."""
        return self.user.rpartition("/")[2]
