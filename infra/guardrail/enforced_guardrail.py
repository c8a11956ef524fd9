"""The guardrail that an environment enforces."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_bedrock as bedrock
from constructs import Construct

from infra.settings import guardrail_policy
from infra.settings.guardrail import ExistingGuardrail, OwnGuardrail


class EnforcedGuardrail(Construct):
    """The guardrail's `identifier` and `version`, which the functions send to Bedrock, and its `settings`."""

    def __init__(self, scope: Construct, id_: str, *, settings: ExistingGuardrail | OwnGuardrail) -> None:
        super().__init__(scope, id_)
        self.settings = settings
        if isinstance(settings, OwnGuardrail):
            self.identifier, self.version = self._make(settings)
        else:
            self.identifier, self.version = settings.identifier, settings.version

    def _make(self, settings: OwnGuardrail) -> tuple[str, str]:
        """The identifier and version number of a guardrail that the stack creates.

        A version is a fixed copy of the policy. Its logical id has a hash of the policy, so a changed policy creates a new
        version. CloudFormation deletes the old version after the functions use the new one.
        """
        policy = guardrail_policy.for_cloudformation(settings.policy)
        guardrail = bedrock.CfnGuardrail(self, "Guardrail", name=cdk.Stack.of(self).stack_name, **policy)
        policy_hash = _hash(policy)
        version = bedrock.CfnGuardrailVersion(
            self,
            f"Version{policy_hash}",
            guardrail_identifier=guardrail.attr_guardrail_id,
            description=f"policy {policy_hash}",
        )
        return guardrail.attr_guardrail_id, version.attr_version


def _hash(policy: Mapping[str, Any]) -> str:
    """The first eight hexadecimal digits of the policy's hash. The repr of the CDK's property objects is complete."""
    return hashlib.sha256(repr(sorted(policy.items())).encode()).hexdigest()[:8]
