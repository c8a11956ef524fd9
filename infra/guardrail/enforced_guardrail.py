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
    """`identifier` and `version`, as the functions send them to Bedrock, and the `settings` they apply."""

    def __init__(self, scope: Construct, id_: str, *, settings: ExistingGuardrail | OwnGuardrail) -> None:
        super().__init__(scope, id_)
        self.settings = settings
        if isinstance(settings, OwnGuardrail):
            self.identifier, self.version = self._make(settings)
        else:
            self.identifier, self.version = settings.identifier, settings.version

    def _make(self, settings: OwnGuardrail) -> tuple[str, str]:
        """The identifier and number of a guardrail of the stack's own.

        A version is a copy of the policy as it is; under another name for another policy, it is made anew, and
        CloudFormation deletes the old one only after the functions use the new.
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
    """Eight digits that differ for another policy: CDK's property objects are shown in full by their repr."""
    return hashlib.sha256(repr(sorted(policy.items())).encode()).hexdigest()[:8]
