"""How an environment reaches Bedrock, and which models it may ask."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from chat_gateway.service.settings import base_url
from infra.settings.table import Table, require

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html (modelId)
_MODEL = re.compile(
    r"[a-z0-9-]+\.[A-Za-z0-9.:_-]{1,200}"
    r"|arn:aws[a-z-]*:bedrock:[a-z0-9-]*:(?:[0-9]{12})?:[a-z-]+/[A-Za-z0-9.:_/-]{1,200}"
)
# A function's variables take 4 KB at most, and the others need 1.5 KB:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_MODELS_CHARACTERS = 2500
_MANTLE = "bedrock-mantle"


class AuthMethod(StrEnum):
    """How the functions authenticate to Bedrock: with a key from Secrets Manager, or as the role they run as."""

    API_KEY = "api_key"
    SIGV4 = "sigv4"


def _models(models: list[str]) -> list[str]:
    for model in models:
        if not _MODEL.fullmatch(model):
            raise ValueError(
                f"has {model!r}; name models and inference profiles by id or ARN, without wildcards"
            )
    if len(set(models)) < len(models):
        raise ValueError("names a model twice")
    if len(",".join(models)) > _MAX_MODELS_CHARACTERS:
        raise ValueError(f"takes more than {_MAX_MODELS_CHARACTERS} characters, which Lambda has no room for")
    return models


class Upstream(Table):
    """Bedrock, or what stands in its place."""

    auth: Annotated[AuthMethod, Field(strict=False)] = AuthMethod.API_KEY
    """How the functions authenticate: with an API key from Secrets Manager, or by signing as their role."""
    models: Annotated[list[str], AfterValidator(_models)] = Field(default_factory=list)
    """The ids and ARNs of models and inference profiles that may be asked; none named: all."""
    url: Annotated[str, AfterValidator(base_url)] | None = None
    """What to ask in place of Bedrock's endpoint in this region; ends in /openai/v1."""
    may_ignore_guardrail: bool = False
    """Says that `url` may be bedrock-mantle's, which ignores guardrails."""
    api_key_max_age_s: Annotated[int, Field(ge=1)] = 300
    """How long a function keeps the API key that it has read."""

    @model_validator(mode="after")
    def _signs_for_bedrock_runtime(self) -> Self:
        rule = "must not be sigv4, which signs for bedrock-runtime: upstream.url is another service's"
        require(not self.signs or not self.is_mantle, "auth", rule)
        return self

    @property
    def signs(self) -> bool:
        """Whether Bedrock is asked as the functions' role, and there is no API key."""
        return self.auth == AuthMethod.SIGV4

    @property
    def is_mantle(self) -> bool:
        """Whether the URL is that of the endpoint that ignores guardrails."""
        return _MANTLE in (self.url or "").lower()
