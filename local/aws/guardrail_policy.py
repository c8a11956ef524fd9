"""The policy of the local gateway's guardrail: its own, or the policy of another environment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway_cli.proof import CANARY_WORD
from local.machine.failures import SettingError
from local.machine.paths import ROOT

BLOCKED_WORD = "kryptonite"
BLOCKED_INPUT_MESSAGE = "Sorry, this question is blocked by the guardrail."
BLOCKED_OUTPUT_MESSAGE = "Sorry, this answer is blocked by the guardrail."

# The parts of CreateGuardrail that the emulator evaluates.
_EVALUATED = {
    "wordPolicyConfig": {"wordsConfig"},
    "sensitiveInformationPolicyConfig": {"piiEntitiesConfig", "regexesConfig"},
}


@dataclass(frozen=True, slots=True)
class GuardrailPolicy:
    """`document` is the request of CreateGuardrail without the name.

    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateGuardrail.html
    """

    document: Mapping[str, Any]

    @property
    def blocked_input_message(self) -> str:
        """The answer to a blocked prompt."""
        return str(self.document["blockedInputMessaging"])

    @property
    def blocked_word(self) -> str | None:
        """The first word of the policy's own list that blocks a prompt; None if there is none."""
        words = self._entries("wordPolicyConfig", "wordsConfig")
        return next((str(word["text"]) for word in words if _acts_on_input(word, "BLOCK")), None)

    @property
    def masks_email(self) -> bool:
        """Whether the policy masks e-mail addresses in prompts."""
        entities = self._entries("sensitiveInformationPolicyConfig", "piiEntitiesConfig")
        return any(entity["type"] == "EMAIL" and _acts_on_input(entity, "ANONYMIZE") for entity in entities)

    def not_evaluated(self) -> Iterator[str]:
        """The parts that the emulator ignores, by CreateGuardrail's names."""
        for name, part in self.document.items():
            if not isinstance(part, Mapping):
                continue
            ignored = part.keys() - _EVALUATED.get(name, set())
            yield from (f"{name}.{field}" for field in sorted(ignored))

    def _entries(self, part: str, field: str) -> list[Mapping[str, Any]]:
        return list((self.document.get(part) or {}).get(field) or [])


# Blocks one word and the canary, and masks e-mail addresses.
LOCAL = GuardrailPolicy(
    {
        "blockedInputMessaging": BLOCKED_INPUT_MESSAGE,
        "blockedOutputsMessaging": BLOCKED_OUTPUT_MESSAGE,
        "wordPolicyConfig": {"wordsConfig": [{"text": BLOCKED_WORD}, {"text": CANARY_WORD}]},
        "sensitiveInformationPolicyConfig": {"piiEntitiesConfig": [{"type": "EMAIL", "action": "ANONYMIZE"}]},
    }
)


def of_environment(name: str) -> GuardrailPolicy:
    """The policy in environments/NAME.toml. Raises SettingError if it has none.

    Another process reads the file, because the local stack does not import the code that it deploys.
    """
    command = [sys.executable, "-m", "infra.show_guardrail_policy", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SettingError(_last_line(done.stderr).removeprefix("error: "))
    return GuardrailPolicy(json.loads(done.stdout))


def _acts_on_input(entry: Mapping[str, Any], action: str) -> bool:
    """Whether the entry applies `action` to prompts. A word's entry without an action blocks."""
    chosen = entry.get("inputAction") or entry.get("action") or "BLOCK"
    return bool(entry.get("inputEnabled", True)) and chosen == action


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["The environment's settings cannot be read."])[-1]
