"""What a deployment's proof of the guardrail asks, and whether a deployment runs it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from guardrail_proof.settings import CANARY_WORD, MODEL
from infra.settings.table import Table, matching


def _printable(text: str) -> str:
    if not (text.isprintable() and text.strip()):
        raise ValueError("must be printable characters, and not only blanks")
    return text


class Proof(Table):
    """The proof asks `model` for `canary`, and for something harmless."""

    on_deploy: bool = False
    """Whether a deployment fails and rolls back unless the guardrail blocks; needs a Bedrock API key."""
    model: Annotated[str, AfterValidator(matching(r"[!-~]{1,256}", "must be a model id"))] = MODEL
    """The id of the model that is asked."""
    canary: Annotated[str, Field(max_length=100), AfterValidator(_printable)] = CANARY_WORD
    """A word that the guardrail must block."""
    attack: Annotated[str, Field(max_length=1000), AfterValidator(_printable)] | None = None
    """A prompt that a prompt-attack filter must block, where the guardrail has one."""
