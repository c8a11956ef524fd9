"""How the stand-in treats calls of ApplyGuardrail."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from local.bedrock_standin.refusals import RefusalError

# docs.aws.amazon.com/general/latest/gr/bedrock.html: 25,000 to 1,000,000 characters by region, tier and account
DEFAULT_MAX_CHARACTERS = 25_000
_CHARACTERS_PER_UNIT = 1000


class ApplyGuardrailTreatment(BaseModel):
    """`ignored`: a call finds nothing. `denied`: the caller may not call. A too large call gets `too_large_status`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    ignored: bool = False
    denied: bool = False
    too_large_status: Literal[400, 429] = 429
    max_characters: Annotated[int, Field(ge=1)] = DEFAULT_MAX_CHARACTERS

    def check_size(self, texts: list[str]) -> None:
        """Raises RefusalError (`too_large_status`) if the texts have too many characters. [?] The wording."""
        if sum(map(len, texts)) > self.max_characters:
            units = self.max_characters // _CHARACTERS_PER_UNIT
            raise RefusalError(
                self.too_large_status,
                f"The request has more than the allowed number of text units ({units}).",
            )


class ApplyGuardrailSettings:
    """The treatment in use."""

    def __init__(self) -> None:
        self.treatment = ApplyGuardrailTreatment()
