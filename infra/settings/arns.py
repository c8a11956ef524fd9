"""What settings that are ARNs have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from infra.settings.table import matching

# An alias is no key: IAM policies do not match the ARN of an alias. A multi-Region key has an id that begins with mrk-.
# https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
_KMS_KEY = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"
kms_key = matching(
    _KMS_KEY, "must be the ARN of a KMS key, not of an alias: arn:aws:kms:REGION:ACCOUNT:key/ID"
)
KmsKeyArn = Annotated[str, AfterValidator(kms_key)]
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetGuardrail.html (guardrailIdentifier)
_GUARDRAIL = r"(?!arn:).*|arn:aws[a-z-]*:bedrock:[a-z0-9-]+:[0-9]{12}:guardrail/[A-Za-z0-9-]+"
guardrail = matching(
    _GUARDRAIL, "must be a guardrail's id or its ARN: arn:aws:bedrock:REGION:ACCOUNT:guardrail/ID"
)


def is_in(arn: str | None, region: str | None) -> bool:
    """Whether the ARN's resource is in the region. True if one of the two is not known."""
    return arn is None or region is None or region_of(arn) == region


def region_of(arn: str) -> str:
    """The region in the ARN."""
    return arn.split(":")[3]


def account_of(arn: str) -> str:
    """The account in the ARN."""
    return arn.split(":")[4]
