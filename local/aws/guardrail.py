"""The guardrail that the local gateway enforces, made in the emulator."""

from __future__ import annotations

from dataclasses import dataclass

import boto3

from gateway_cli.proof import CANARY_WORD

BLOCKED_WORD = "kryptonite"
BLOCKED_INPUT_MESSAGE = "Sorry, this question is blocked by the guardrail."
BLOCKED_OUTPUT_MESSAGE = "Sorry, this answer is blocked by the guardrail."


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A guardrail's id and a numbered version of it."""

    identifier: str
    version: str

    def __str__(self) -> str:
        """As the CDK app takes it."""
        return f"{self.identifier}:{self.version}"


def create(session: boto3.Session, *, name: str = "local") -> Guardrail:
    """A guardrail that blocks one word, and the canary, and masks e-mail addresses."""
    bedrock = session.client("bedrock")
    identifier = bedrock.create_guardrail(
        name=name,
        blockedInputMessaging=BLOCKED_INPUT_MESSAGE,
        blockedOutputsMessaging=BLOCKED_OUTPUT_MESSAGE,
        wordPolicyConfig={"wordsConfig": [{"text": BLOCKED_WORD}, {"text": CANARY_WORD}]},
        sensitiveInformationPolicyConfig={"piiEntitiesConfig": [{"type": "EMAIL", "action": "ANONYMIZE"}]},
    )["guardrailId"]
    version = bedrock.create_guardrail_version(guardrailIdentifier=identifier)["version"]
    return Guardrail(identifier, version)
