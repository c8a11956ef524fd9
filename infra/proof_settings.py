"""What a deployment's proof of the guardrail asks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from guardrail_proof.settings import CANARY_WORD, MODEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """`canary` is a word that the guardrail must block; `model` is asked for it, and for something harmless.

    `attack` is a prompt that a prompt-attack filter must block, where there is one.
    """

    model: str = MODEL
    canary: str = CANARY_WORD
    attack: str | None = None

    def rules(self) -> list[tuple[bool, str]]:
        """What must hold, each with what to say where it does not."""
        return [
            (
                re.fullmatch(r"[!-~]{1,256}", self.model) is not None,
                "prove_on_deploy.model must be a model id.",
            ),
            (
                self.canary.isprintable() and 0 < len(self.canary.strip()) <= 100,
                "prove_on_deploy.canary must be 1 to 100 printable characters.",
            ),
            (
                self.attack is None or (self.attack.isprintable() and 0 < len(self.attack.strip()) <= 1000),
                "prove_on_deploy.attack must be 1 to 1,000 printable characters.",
            ),
        ]
