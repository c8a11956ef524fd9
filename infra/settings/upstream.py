"""How an environment reaches Bedrock, and which models callers may use."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from chat_gateway.completions.allowed_models import AllowedModels
from chat_gateway.completions.routes import CONVERSE, route_of
from chat_gateway.core.errors import InvalidRequestError, ModelNotAllowedError
from chat_gateway.service.settings import base_url
from infra.settings.key_rotation import KeyRotation
from infra.settings.regions import RegionName
from infra.settings.table import Table, matching, require

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html (modelId)
_MODEL = re.compile(
    r"[a-z0-9-]+\.[A-Za-z0-9.:_-]{1,200}"
    r"|arn:aws[a-z-]*:bedrock:[a-z0-9-]*:(?:[0-9]{12})?:[a-z-]+/[A-Za-z0-9.:_/-]{1,200}"
)
# A function's environment variables may have 4 KB. The others need 1.6 KB:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_MODELS_CHARACTERS = 2500
_MANTLE = "bedrock-mantle"
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (RoleArn, ExternalId)
_ROLE_ARN = r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}"
_ROLE_RULE = "must be the ARN of an IAM role: arn:aws:iam::ACCOUNT:role/NAME"
_EXTERNAL_ID = r"[A-Za-z0-9_+=,.@:/-]{2,256}"
_EXTERNAL_ID_RULE = "must be 2 to 256 letters, digits and _+=,.@:/-"
_APPLICATION_PROFILE = ":application-inference-profile/"
_RUNTIME_URL = re.compile(r"https://(?:[a-z0-9-]+\.)?bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.[^/]+/.*")
# The functions read a longer one of another region as wrong.
_MAX_URL_CHARACTERS = 500


class AuthMethod(StrEnum):
    """How the functions authenticate to Bedrock: with an API key from Secrets Manager, or with their IAM role."""

    API_KEY = "api_key"
    SIGV4 = "sigv4"


def require_a_model(model: str) -> None:
    """Raises ValueError for the ARN of something that is no model."""
    try:
        route_of(model, {})
    except InvalidRequestError:
        raise ValueError(f"has {model!r}, which is a prompt, a router or an endpoint") from None


def model_id(model: str) -> str:
    """`model` if it is the id or ARN of a model or an inference profile. Raises ValueError."""
    if not _MODEL.fullmatch(model):
        raise ValueError(f"has {model!r}; name models and inference profiles by id or ARN, without wildcards")
    require_a_model(model)
    return model


def _models(models: list[str]) -> list[str]:
    for model in models:
        model_id(model)
    if len(set(models)) < len(models):
        raise ValueError("names a model twice")
    if len(",".join(models)) > _MAX_MODELS_CHARACTERS:
        raise ValueError(
            f"has more than {_MAX_MODELS_CHARACTERS} characters in all, too many for a Lambda variable"
        )
    return models


def _routes(routes: dict[str, str]) -> dict[str, str]:
    _models(list(routes))
    for model, route in routes.items():
        if route != CONVERSE and _APPLICATION_PROFILE in model:
            raise ValueError(
                f"has {model!r} = {route!r}; Bedrock's chat completions refuse application inference profiles, so "
                "leave the model out, or write converse"
            )
    return routes


class Upstream(Table):
    """Bedrock, or another server with the same API."""

    auth: Annotated[AuthMethod, Field(strict=False)] = AuthMethod.API_KEY
    """How the functions authenticate: with an API key from Secrets Manager, or with their role's signature."""
    role_arn: Annotated[str, AfterValidator(matching(_ROLE_ARN, _ROLE_RULE))] | None = None
    """A role, usually of another account, which the functions assume to call Bedrock there. Needs auth = "sigv4"."""
    role_external_id: Annotated[str, AfterValidator(matching(_EXTERNAL_ID, _EXTERNAL_ID_RULE))] | None = None
    """The external id that the role's trust policy asks for."""
    models: Annotated[list[str], AfterValidator(_models)] = Field(default_factory=list)
    """The ids or ARNs of the models and inference profiles that callers may use. An empty list allows all of them."""
    names_only: bool = False
    """Callers may use only the names in `[[models]]`, and no ids or ARNs of models."""
    routes: Annotated[dict[str, Literal["native", "converse"]], AfterValidator(_routes)] = Field(
        default_factory=dict
    )
    """By a model's id or ARN, converse (Bedrock's Converse) or native (its chat completions), where docs/models.md differs."""
    url: Annotated[str, AfterValidator(base_url)] | None = None
    """The URL to use instead of Bedrock's endpoint in this region. It ends in /openai/v1."""
    region_urls: dict[
        RegionName, Annotated[str, Field(max_length=_MAX_URL_CHARACTERS), AfterValidator(base_url)]
    ] = Field(default_factory=dict)
    """By another region, the URL to use there instead of Bedrock's endpoint. It ends in /openai/v1."""
    may_ignore_guardrail: bool = False
    """Allow a `url` of bedrock-mantle, which ignores guardrails."""
    api_key_max_age_s: Annotated[int, Field(ge=1)] = 300
    """How long a function caches the API key."""
    key_rotation: KeyRotation | None = None
    """Replace the API key regularly. By default, operators replace it."""

    @model_validator(mode="after")
    def _signs_for_bedrock_runtime(self) -> Self:
        rule = "must not be sigv4: it signs for bedrock-runtime, and upstream.url is another service"
        require(not self.signs or not self.is_mantle, "auth", rule)
        return self

    @model_validator(mode="after")
    def _assumes_a_role_to_sign(self) -> Self:
        require(self.role_arn is None or self.signs, "role_arn", 'needs auth = "sigv4"')
        require(
            self.role_external_id is None or self.role_arn is not None, "role_external_id", "needs role_arn"
        )
        return self

    @model_validator(mode="after")
    def _rotates_a_key_if_there_is_one(self) -> Self:
        rule = 'cannot be set with auth = "sigv4": there is no key to rotate'
        require(self.key_rotation is None or not self.signs, "key_rotation", rule)
        return self

    @model_validator(mode="after")
    def _has_converse_where_it_is_needed(self) -> Self:
        needs = [model for model in {*self.models, *self.routes} if self.route_of(model) == CONVERSE]
        rule = f"has no Converse, which {min(needs, default='')} needs: use bedrock-runtime, or leave the model out"
        require(not needs or not self.is_mantle, "url", rule)
        return self

    @model_validator(mode="after")
    def _heeds_guardrails_in_other_regions(self) -> Self:
        rule = "must be bedrock-runtime: bedrock-mantle ignores guardrails"
        for region, url in self.region_urls.items():
            require(not _is_mantle(url), f"region_urls.{region}", rule)
            require(url.endswith("/openai/v1"), f"region_urls.{region}", "must end in /openai/v1")
            found = _RUNTIME_URL.fullmatch(url)
            require(
                found is None or found[1] == region, f"region_urls.{region}", "is Bedrock in another region"
            )
        return self

    def allows(self, model: str) -> bool:
        """Whether requests may be sent to the model."""
        if not self.models:
            return True
        try:
            AllowedModels(self.models).check(model)
        except ModelNotAllowedError:
            return False
        return True

    def route_of(self, model: str) -> str:
        """The API that serves the model: NATIVE or CONVERSE."""
        return route_of(model, self.routes)

    @property
    def signs(self) -> bool:
        """Whether requests are signed with the functions' role, without an API key."""
        return self.auth == AuthMethod.SIGV4

    @property
    def url_region(self) -> str | None:
        """The region in `url`; None without a URL, and if the URL is not Bedrock's."""
        found = _RUNTIME_URL.fullmatch(self.url or "")
        return None if found is None else found[1]

    @property
    def lists_account_models(self) -> bool:
        """Whether `GET /models` has the models that AWS lists for the account.

        bedrock-mantle has other ids than AWS lists, and another account has other models.
        """
        return not (self.models or self.names_only or self.is_mantle or self.role_arn is not None)

    @property
    def is_mantle(self) -> bool:
        """Whether the URL is bedrock-mantle, the endpoint that ignores guardrails."""
        return _is_mantle(self.url or "")


def _is_mantle(url: str) -> bool:
    return _MANTLE in url.lower()
