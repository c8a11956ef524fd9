"""Reads and checks a request of ApplyGuardrail, without I/O.

docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html
"""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from local.bedrock_standin.refusals import validation_error

# AWS's ids have no hyphen, but those of the emulator have one.
_IDENTIFIER = re.compile(
    r"[a-z0-9-]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9-]+"
)
_VERSION = re.compile(r"[1-9][0-9]{0,7}|DRAFT")


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Text(_Shape):
    text: str
    qualifiers: list[Literal["grounding_source", "query", "guard_content"]] | None = None


class _Content(_Shape):
    text: _Text  # the stand-in assesses no images


class ApplyGuardrailBody(_Shape):
    """The body of a request."""

    source: Literal["INPUT", "OUTPUT"]
    content: list[_Content] = Field(min_length=1)
    output_scope: Literal["INTERVENTIONS", "FULL"] = Field("INTERVENTIONS", alias="outputScope")

    def texts(self) -> list[str]:
        """The texts to assess."""
        return [content.text.text for content in self.content]


def read_body(body: dict[str, Any]) -> ApplyGuardrailBody:
    """The body. Raises RefusalError (400)."""
    try:
        return ApplyGuardrailBody.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise validation_error(
            f"1 validation error detected: Value at '{place}' failed to satisfy constraint: {first['msg']}"
        ) from None


def check_reference(identifier: str, version: str) -> None:
    """Raises RefusalError (400) if the guardrail's identifier or version is ill-formed."""
    if not _IDENTIFIER.fullmatch(identifier) or not _VERSION.fullmatch(version):
        raise validation_error("The guardrail identifier or version provided is ill-formed.")
