"""Reads the model of a request's path: an id, or an ARN.

The forms are those of the parameter modelId: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

from local.bedrock_standin.converse_requests.families import Family, family_of, family_of_profile
from local.bedrock_standin.refusals import RefusalError, validation_error

# docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
GEOGRAPHIES = ("us.", "eu.", "apac.", "jp.", "au.", "ca.", "in.", "global.", "us-gov.")

_ARN = re.compile(
    r"arn:aws(?:-[^:]+)?:(?P<service>bedrock|sagemaker):[a-z0-9-]{1,20}:(?:[0-9]{12})?:(?P<kind>[a-z-]+)/(?P<id>.+)"
)
_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,200}")
# Custom models and endpoints have forms of their own. The stand-in has none of them.
_MISSING = frozenset(
    {"custom-model", "imported-model", "provisioned-model", "custom-model-deployment", "endpoint"}
)
_PROMPTS = frozenset({"prompt", "prompt-router", "default-prompt-router"})


class Model(NamedTuple):
    """A model of a request. `id` is the model's own id, or the id of an application inference profile."""

    id: str
    family: Family


def read_model(segment: str) -> Model:
    """The model in the decoded path segment. Raises RefusalError: 400, or 404 for a legacy or a missing model."""
    arn = _ARN.fullmatch(segment)
    if arn is None:
        return _of_id(segment)
    kind, id_ = arn["kind"], arn["id"]
    if kind == "foundation-model":
        return _of_id(id_, profiles=False)
    if kind == "inference-profile":
        return _of_id(id_)
    if kind == "application-inference-profile" and id_.isalnum():
        return Model(id_, family_of_profile(id_))
    if kind in _MISSING:
        raise RefusalError(404, "Could not resolve the resource from the provided model identifier.")
    if kind in _PROMPTS:
        raise validation_error("This request's fields are not allowed with a prompt or a prompt router.")
    raise _invalid()


def _of_id(id_: str, *, profiles: bool = True) -> Model:
    if not _ID.fullmatch(id_):
        raise _invalid()
    geography = next((geo for geo in GEOGRAPHIES if id_.startswith(geo)), "") if profiles else ""
    own = id_.removeprefix(geography)
    family = family_of(own)
    if family is None:
        raise _invalid()
    if family.legacy:
        raise RefusalError(404, "Access denied. This Model is marked by provider as Legacy.")
    if not geography and not family.on_demand:
        raise validation_error(
            f"Invocation of model ID {id_} with on-demand throughput isn't supported. Retry your request with the ID "
            "or ARN of an inference profile that contains this model."
        )
    return Model(own, family)


def _invalid() -> RefusalError:
    return validation_error("The provided model identifier is invalid.")
