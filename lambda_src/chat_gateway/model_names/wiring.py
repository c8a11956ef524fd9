"""Builds the chat completions of an environment with model names of its own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from chat_gateway.core.errors import ConfigurationError
from chat_gateway.model_names import settings as texts
from chat_gateway.model_names.named_completions import NamedCompletions
from chat_gateway.model_names.settings import Region, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chat_gateway.aws.settings import AwsSettings
    from chat_gateway.completions.completions import Completions
    from chat_gateway.guardrail.settings import Guardrail
    from chat_gateway.model_names.named_request import At

_Value = TypeVar("_Value")


def named(
    plain: Completions,
    names_text: str | None,
    regions_text: str | None,
    aws: AwsSettings,
    *,
    names_only: bool,
) -> NamedCompletions:
    """The completions by name, with `plain` for all other requests.

    The texts are those of `model_names.settings`. Raises ConfigurationError for a wrong one, and for a region whose
    guardrail is not set although the environment enforces one.
    """
    names = _read("MODEL_NAMES", names_text, texts.names_from_text)
    regions = _read("BEDROCK_REGIONS", regions_text, texts.regions_from_text)
    names = {name: tuple(_at_home(target, aws) for target in targets) for name, targets in names.items()}
    elsewhere = {target.region for targets in names.values() for target in targets if target.region}
    for region in sorted(elsewhere):
        if plain.guardrail is not None and regions.get(region, Region()).guardrail is None:
            raise ConfigurationError(
                f"BEDROCK_REGIONS has no guardrail for {region}, where MODEL_NAMES has a target."
            )
    return NamedCompletions(plain=plain, names=names, at=_places(plain, regions, aws), names_only=names_only)


def _read(variable: str, text: str | None, parse: Callable[[str], dict[str, _Value]]) -> dict[str, _Value]:
    try:
        return {} if text is None else parse(text)
    except ValueError as error:
        raise ConfigurationError(f"{variable} is wrong: {error}.") from None


def _at_home(target: Target, aws: AwsSettings) -> Target:
    """The target without its region if that is the function's own."""
    return target._replace(region=None) if target.region == aws.region else target


def _places(plain: Completions, regions: Mapping[str, Region], aws: AwsSettings) -> At:
    """The completions of each region and time to the first byte, made when they are first asked."""

    @cache
    def in_region(name: str) -> Completions:
        region = regions.get(name, Region())
        base_url = region.url or f"https://bedrock-runtime.{name}.{aws.dns_suffix}/openai/v1"
        return replace(
            plain,
            bedrock=plain.bedrock.at(base_url),
            credentials=plain.credentials.at(base_url, name),
            guardrail=_guardrail(plain, region),
        )

    @cache
    def answering(region: str | None, first_byte_s: float | None) -> Completions:
        there = plain if region is None else in_region(region)
        if first_byte_s is None:
            return there
        return replace(there, bedrock=there.bedrock.answering_within(first_byte_s))

    return lambda target, first_byte_s: answering(target.region, first_byte_s)


def _guardrail(plain: Completions, region: Region) -> Guardrail | None:
    """The environment's guardrail settings, with the region's guardrail."""
    if plain.guardrail is None or region.guardrail is None:
        return None
    identifier, version = region.guardrail
    return plain.guardrail._replace(identifier=identifier, version=version)
