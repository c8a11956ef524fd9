"""The limits and the sampling of a request: `inferenceConfig`, and the fields that only some families read.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InferenceConfiguration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chat_gateway.converse import parameters
from chat_gateway.converse.families import Family, TopK

_LIMITS = ("max_completion_tokens", "max_tokens")
_SAMPLERS = (("temperature", "temperature"), ("top_p", "topP"))
_TEMPERATURE, _TOP_P, _STOP, _TOP_K = "temperature", "top_p", "stop", "top_k"
_MAX_INTEGER = 2**31 - 1  # Converse's integers have 32 bits


def config(document: Mapping[str, Any], family: Family) -> dict[str, Any]:
    """`inferenceConfig`. Raises InvalidRequestError."""
    settings: dict[str, Any] = {"maxTokens": max_tokens(document) or family.default_max_tokens}
    settings |= _samplers(document, family)
    if stops := _stops(document.get(_STOP)):
        settings["stopSequences"] = stops
    return settings


def max_tokens(document: Mapping[str, Any]) -> int | None:
    """The caller's limit of the answer in tokens. Raises InvalidRequestError."""
    for name in _LIMITS:
        value = document.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            raise parameters.wrong_type(name, "an integer")
        if not 1 <= value <= _MAX_INTEGER:
            raise parameters.wrong_value(name, f"it must be from 1 to {_MAX_INTEGER}.")
        return value
    return None


def given(document: Mapping[str, Any], *, also_limits: bool = False) -> str | None:
    """The first parameter of sampling, or perhaps of the limits, that the caller set; None without one."""
    names = (_TEMPERATURE, _TOP_P, _TOP_K, *(_LIMITS if also_limits else ()))
    return next((name for name in names if document.get(name) is not None), None)


def model_fields(document: Mapping[str, Any], family: Family) -> dict[str, Any]:
    """`top_k` where the family reads it. Raises InvalidRequestError."""
    value = document.get(_TOP_K)
    if value is None:
        return {}
    if not isinstance(value, int) or isinstance(value, bool):
        raise parameters.wrong_type(_TOP_K, "an integer")
    if not 0 <= value <= _MAX_INTEGER:
        raise parameters.wrong_value(_TOP_K, f"it must be from 0 to {_MAX_INTEGER}.")
    if family.top_k is TopK.NONE:
        raise parameters.unsupported(_TOP_K, f"{family.name}: no such setting. Leave it out.")
    return {"top_k": value} if family.top_k is TopK.CLAUDE else {"inferenceConfig": {"topK": value}}


def _samplers(document: Mapping[str, Any], family: Family) -> dict[str, float]:
    found = {name: _share(document.get(name), name) for name, _ in _SAMPLERS}
    if None not in found.values() and not family.takes_both_samplers:
        found = _one_sampler(found, family)
    return {to: value for name, to in _SAMPLERS if (value := found.get(name)) is not None}


def _one_sampler(found: dict[str, float | None], family: Family) -> dict[str, float | None]:
    """One of temperature and top_p, if the other has Claude's default, which is 1 for both."""
    for name in (_TOP_P, _TEMPERATURE):
        if found[name] == 1:
            return {other: value for other, value in found.items() if other != name}
    raise parameters.unsupported(
        _TOP_P, f"{family.name}: only one of temperature and top_p. Leave one of them out."
    )


def _share(value: object, name: str) -> float | None:
    """A number from 0 to 1."""
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise parameters.wrong_type(name, "a number")
    if not 0 <= value <= 1:
        raise parameters.unsupported(name, "Converse takes numbers from 0 to 1. Use one of them.")
    return value


def _stops(stop: object) -> list[str]:
    if stop is None:
        return []
    stops = [stop] if isinstance(stop, str) else stop
    if not isinstance(stops, list) or not all(isinstance(one, str) for one in stops):
        raise parameters.wrong_type(_STOP, "a string or a list of strings")
    return [one for one in stops if one]
