"""Which of Bedrock's APIs serves a model: its own chat completions, or Converse.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/models-api-compatibility.html, read on 2026-11-26. No API of
Bedrock says it, and a request on the wrong route gets 404, as a wrong name does. So there is no second attempt.
"""

from __future__ import annotations

from collections.abc import Mapping

from chat_gateway.core.errors import InvalidRequestError

NATIVE, CONVERSE = "native", "converse"
# Families that Bedrock's chat completions do not serve.
CONVERSE_FAMILIES = (
    "ai21.",
    "amazon.nova",
    "amazon.titan-text",
    "anthropic.",
    "cohere.command",
    "deepseek.r1",
    "meta.llama",
    "mistral.mistral-7b",
    "mistral.mistral-large-2402",
    "mistral.mistral-large-2407",
    "mistral.mistral-small-2402",
    "mistral.mixtral",
    "mistral.pixtral",
    "writer.palmyra-x",
)
# https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
GEOGRAPHIES = ("us.", "eu.", "apac.", "jp.", "au.", "ca.", "in.", "global.", "us-gov.")
_APPLICATION_PROFILE = ":application-inference-profile/"
# They bring settings of their own (a prompt), or leave the choice of the model to Bedrock or to another service.
_REFUSED = (":prompt/", ":prompt-router/", ":default-prompt-router/", ":endpoint/")


def route_of(model: str, overrides: Mapping[str, str]) -> str:
    """NATIVE or CONVERSE for a model's id or ARN. `overrides` are the environment's own routes by model.

    Raises InvalidRequestError for the ARN of something that is no model.
    """
    if overrides and model in overrides:
        return overrides[model]
    if model.startswith("arn:"):
        if any(kind in model for kind in _REFUSED):
            raise InvalidRequestError(
                "'model' must name a model or an inference profile, and no prompt, router or endpoint.",
                param="model",
                code="invalid_model",
            )
        if _APPLICATION_PROFILE in model:
            return CONVERSE  # chat completions refuse them
    return CONVERSE if foundation_model(model).startswith(CONVERSE_FAMILIES) else NATIVE


def foundation_model(model: str) -> str:
    """The id of the model itself, for the id or ARN of a model or of a geography's inference profile.

    An ARN that hides its model gives its last part.
    """
    if model.startswith("arn:"):
        model = model.rpartition("/")[2]
    return model.partition(".")[2] if model.startswith(GEOGRAPHIES) else model
