"""Which guardrail an environment enforces: one that exists, or one that the stack makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_cdk.aws_bedrock import CfnGuardrail

# A word that nobody writes by chance: whoever deploys can see that the guardrail blocks.
CANARY_WORD = "guardrail-canary-blocked"

_FILTERS = ("HATE", "INSULTS", "MISCONDUCT", "SEXUAL", "VIOLENCE")
_ANONYMISED = ("CREDIT_DEBIT_CARD_NUMBER", "EMAIL", "PASSWORD", "PHONE", "US_SOCIAL_SECURITY_NUMBER")
_TRACES = (None, "ENABLED", "ENABLED_FULL", "DISABLED")


def default_policy() -> dict[str, Any]:
    """Arguments of CfnGuardrail: content filters, profanity, common personal data anonymised, the canary word.

    No prompt-attack filter: without input tags it would do nothing.
    """
    return {
        "blocked_input_messaging": "This request was blocked by the guardrail.",
        "blocked_outputs_messaging": "This answer was blocked by the guardrail.",
        "content_policy_config": CfnGuardrail.ContentPolicyConfigProperty(
            filters_config=[
                CfnGuardrail.ContentFilterConfigProperty(
                    type=type_, input_strength="HIGH", output_strength="HIGH"
                )
                for type_ in _FILTERS
            ]
        ),
        "word_policy_config": CfnGuardrail.WordPolicyConfigProperty(
            managed_word_lists_config=[CfnGuardrail.ManagedWordsConfigProperty(type="PROFANITY")],
            words_config=[CfnGuardrail.WordConfigProperty(text=CANARY_WORD)],
        ),
        "sensitive_information_policy_config": CfnGuardrail.SensitiveInformationPolicyConfigProperty(
            pii_entities_config=[
                CfnGuardrail.PiiEntityConfigProperty(type=type_, action="ANONYMIZE") for type_ in _ANONYMISED
            ]
        ),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingGuardrail:
    """A Bedrock guardrail made elsewhere. `trace` is ENABLED, ENABLED_FULL, DISABLED or None (Bedrock's default)."""

    identifier: str
    version: str
    trace: str | None = None

    def rules(self) -> list[tuple[bool, str]]:
        """What must hold, each with what to say where it does not."""
        return [
            (
                re.fullmatch(r"[!-~]{1,2048}", self.identifier) is not None,
                "guardrail.identifier must be 1 to 2048 visible ASCII characters.",
            ),
            (
                re.fullmatch(r"[1-9][0-9]{0,7}|DRAFT", self.version) is not None,
                f"guardrail.version is {self.version!r}; it must be a number or DRAFT.",
            ),
            _trace_rule(self.trace),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnGuardrail:
    """A guardrail that the stack makes. `policy` is CfnGuardrail's own arguments, its name left out."""

    policy: Mapping[str, Any] = field(default_factory=default_policy)
    trace: str | None = None

    def rules(self) -> list[tuple[bool, str]]:
        """What must hold, each with what to say where it does not."""
        return [
            ("name" not in self.policy, "guardrail.policy must leave the name to the stack."),
            (
                {"blocked_input_messaging", "blocked_outputs_messaging"} <= self.policy.keys(),
                "guardrail.policy needs blocked_input_messaging and blocked_outputs_messaging.",
            ),
            _trace_rule(self.trace),
        ]


def _trace_rule(trace: str | None) -> tuple[bool, str]:
    return trace in _TRACES, f"guardrail.trace is {trace!r}; choose ENABLED, ENABLED_FULL or DISABLED."
