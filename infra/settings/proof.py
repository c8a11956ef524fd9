"""The settings of the proof: the test of a deployed guardrail."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from guardrail_proof.settings import CANARY_WORD, MODEL
from infra.settings.table import Table, matching
from infra.settings.upstream import require_a_model


def _printable(text: str) -> str:
    if not (text.isprintable() and text.strip()):
        raise ValueError("must be printable characters, and not only blanks")
    return text


def _model(model: str) -> str:
    require_a_model(model)
    return model


class Proof(Table):
    """The proof tests the guardrail: it sends `canary`, which must be blocked, and a harmless prompt, which must not."""

    on_deploy: bool = False
    """Run the proof in each deployment. If the proof fails, the deployment rolls back. Needs a Bedrock API key."""
    model: Annotated[str, AfterValidator(matching(r"[!-~]{1,256}", "must be a model id"))] = MODEL
    """The id or name of the model that the proof uses. With upstream.names_only, the default is a name of [[models]]."""
    converse_model: (
        Annotated[
            str, AfterValidator(matching(r"[!-~]{1,256}", "must be a model id")), AfterValidator(_model)
        ]
        | None
    ) = None
    """A model or name that Bedrock's Converse serves, to try that route, too. By default, the first one in upstream.models."""
    canary: Annotated[str, Field(max_length=100), AfterValidator(_printable)] = CANARY_WORD
    """A word that the guardrail must block."""
    attack: Annotated[str, Field(max_length=1000), AfterValidator(_printable)] | None = None
    """A prompt that the guardrail's prompt-attack filter must block. By default, the proof does not test that filter."""
