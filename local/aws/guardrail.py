"""Creates the local gateway's guardrail in the emulator."""

from __future__ import annotations

from dataclasses import dataclass

import boto3

from local.aws import guardrail_policy
from local.aws.guardrail_policy import GuardrailPolicy


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A guardrail's id and the number of a version."""

    identifier: str
    version: str

    def __str__(self) -> str:
        """The form that the CDK app accepts: IDENTIFIER:VERSION."""
        return f"{self.identifier}:{self.version}"


def create(
    session: boto3.Session, policy: GuardrailPolicy = guardrail_policy.LOCAL, *, name: str = "local"
) -> Guardrail:
    """Creates a guardrail with this policy."""
    bedrock = session.client("bedrock")
    identifier = bedrock.create_guardrail(name=name, **policy.document)["guardrailId"]
    version = bedrock.create_guardrail_version(guardrailIdentifier=identifier)["version"]
    return Guardrail(identifier, version)
