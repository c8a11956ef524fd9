"""The model ids that work on chat completions. Every other id gets 404 `model_not_found`, as recorded.

Recorded on bedrock-runtime, 2026-08-22: 42 of 96 text models answer. Claude, Nova, Llama, GPT-5.4, GPT-5.5, Gemma 4 and
DeepSeek v3.1 do not. AWS's own table: docs.aws.amazon.com/bedrock/latest/userguide/models-api-compatibility.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

from local.bedrock_standin.refusals import model_not_found, validation_error

# docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
_PROFILES = ("us.", "eu.", "apac.", "jp.", "global.")
_ANYWHERE = ("", *_PROFILES)  # "": the model itself, without an inference profile
_APPLICATION_PROFILE = re.compile(r"arn:[^:]*:bedrock:[^:]*:[^:]*:application-inference-profile/")

GPT_OSS = "openai.gpt-oss-"
GPT_FROM_5_6 = ("openai.gpt-5.6", "openai.gpt-6")
GROK = "xai.grok-4."


class _Family(NamedTuple):
    prefix: str  # the start of a model's id, after the geography of an inference profile
    geographies: tuple[str, ...] = _ANYWHERE


_FAMILIES = (
    _Family(f"{GPT_OSS}20b"),
    _Family(f"{GPT_OSS}120b"),
    _Family(f"{GPT_OSS}safeguard-"),
    *(_Family(prefix, ("us.", "global.")) for prefix in GPT_FROM_5_6),
    _Family(f"{GROK}6", _PROFILES),
    _Family(f"{GROK}7", _PROFILES),
    _Family("qwen.qwen3-"),
    _Family("deepseek.v3.2"),
    _Family("zai.glm-4.7"),
    _Family("zai.glm-5"),
    _Family("mistral.mistral-large-3"),
    _Family("mistral.ministral-"),
    _Family("mistral.magistral-"),
    _Family("mistral.devstral-"),
    _Family("mistral.voxtral-"),
    _Family("moonshotai.kimi-k2.5"),
    _Family("moonshotai.kimi-k3"),
    _Family("minimax.minimax-m2"),
    _Family("nvidia.nemotron-"),
    _Family("writer.palmyra-vision-"),
    _Family("google.gemma-3-"),
)


def check_model(model: str) -> None:
    """Raises RefusalError: 400 for the ARN of an application inference profile, 404 for an unsupported id."""
    if _APPLICATION_PROFILE.match(model):
        raise validation_error("Application inference profiles are not supported with this API.", "model")
    if not any(model.startswith(_ids_of(family)) for family in _FAMILIES):
        raise model_not_found(model)


def without_geography(model: str) -> str:
    """The model's own id. `model` may be the id of an inference profile."""
    return next((model.removeprefix(geo) for geo in _PROFILES if model.startswith(geo)), model)


def _ids_of(family: _Family) -> tuple[str, ...]:
    return tuple(f"{geography}{family.prefix}" for geography in family.geographies)
