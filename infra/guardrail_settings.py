"""Which guardrail an environment enforces: one that exists, or one that the stack makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aws_cdk.aws_bedrock import CfnGuardrail

from chat_gateway.guardrail.settings import IDENTIFIER, TRACES, VERSION, Tagging
from guardrail_proof.settings import CANARY_WORD

_FILTERS = ("HATE", "INSULTS", "MISCONDUCT", "SEXUAL", "VIOLENCE")
_ANONYMISED = ("CREDIT_DEBIT_CARD_NUMBER", "EMAIL", "PASSWORD", "PHONE", "US_SOCIAL_SECURITY_NUMBER")


class Override(StrEnum):
    """Whether a caller's own guardrail settings are refused, or win as with Bedrock itself."""

    DENIED = "denied"
    ALLOWED = "allowed"


def default_policy() -> dict[str, Any]:
    """Arguments of CfnGuardrail: content filters, profanity, common personal data anonymised, the canary word.

    No prompt-attack filter: it does nothing without input tags, which are off by default.
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
class GuardrailSettings:
    """How a guardrail is applied.

    `trace` is ENABLED or ENABLED_FULL (callers see what was found), DISABLED, or None: only the log's record has it.
    """

    trace: str | None = None
    override: Override = Override.DENIED
    tagging: Tagging = Tagging.OFF

    def rules(self) -> list[tuple[bool, str]]:
        """What must hold, each with what to say where it does not."""
        return [
            (
                self.trace in (None, *TRACES),
                f"guardrail.trace is {self.trace!r}; choose ENABLED, ENABLED_FULL or DISABLED.",
            ),
            (
                self.override in tuple(Override),
                f"guardrail.override is {self.override!r}; choose {', '.join(Override)}.",
            ),
            (
                self.tagging in tuple(Tagging),
                f"guardrail.tagging is {self.tagging!r}; choose {', '.join(Tagging)}.",
            ),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingGuardrail(GuardrailSettings):
    """A Bedrock guardrail made elsewhere."""

    identifier: str
    version: str

    def rules(self) -> list[tuple[bool, str]]:
        """What must hold, each with what to say where it does not."""
        return [
            *GuardrailSettings.rules(self),
            (
                IDENTIFIER.fullmatch(self.identifier) is not None,
                "guardrail.identifier must be 1 to 2048 visible ASCII characters.",
            ),
            (
                VERSION.fullmatch(self.version) is not None,
                f"guardrail.version is {self.version!r}; it must be a number or DRAFT.",
            ),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnGuardrail(GuardrailSettings):
    """A guardrail that the stack makes. `policy` is CfnGuardrail's own arguments, its name left out."""

    policy: Mapping[str, Any] = field(default_factory=default_policy)

    def rules(self) -> list[tuple[bool, str]]:
        """What must hold, each with what to say where it does not."""
        return [
            *GuardrailSettings.rules(self),
            ("name" not in self.policy, "guardrail.policy must leave the name to the stack."),
            (
                {"blocked_input_messaging", "blocked_outputs_messaging"} <= self.policy.keys(),
                "guardrail.policy needs blocked_input_messaging and blocked_outputs_messaging.",
            ),
            (
                self.tagging != Tagging.OFF or "PROMPT_ATTACK" not in _content_filters(self.policy),
                "guardrail.policy filters prompt attacks, which needs guardrail.tagging: else it does nothing.",
            ),
        ]


def _content_filters(policy: Mapping[str, Any]) -> Iterator[str]:
    """The types of a policy's content filters, given as CDK's property objects or as dicts."""
    filters = _property(policy.get("content_policy_config"), "filters_config") or []
    for filter_ in filters if isinstance(filters, list | tuple) else []:
        yield str(_property(filter_, "type"))


def _property(properties: object, name: str) -> object:
    if not isinstance(properties, Mapping):
        return getattr(properties, name, None)
    first, *rest = name.split("_")
    return properties.get(name, properties.get(first + "".join(word.title() for word in rest)))
