"""The environment's model names and other regions, as environment variables hold them.

A Lambda function has 4 KB for all its variables, so both are compact JSON:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from chat_gateway.guardrail.settings import IDENTIFIER, VERSION

# Ours: a name may look like another service's model (gpt-5, claude-sonnet, meta-llama/Llama-3).
# A `..` or `//` in a path would not arrive as it was sent.
NAME = re.compile(r"(?!arn:)(?!.*(?:\.\.|//))[A-Za-z0-9](?:[A-Za-z0-9._:/-]{0,126}[A-Za-z0-9])?")
REGION = re.compile(r"[a-z0-9-]{5,32}")
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (modelId)
_MODEL = re.compile(r"[!-~]{1,2048}")
_URL = re.compile(r"https?://[!-~]{1,500}[^/]")
MAX_TARGETS = 8  # ours
MAX_WEIGHT = 1000  # ours


class Target(NamedTuple):
    """A model behind a name.

    `region`: None for the environment's own. `weight`: its part of the traffic, relative to the other targets' weights;
    None: it gets traffic only after the others. `first_byte_s`: how long it may take until its answer begins, if another
    target can follow; None: as long as any request.
    """

    model: str
    region: str | None = None
    weight: int | None = None
    first_byte_s: float | None = None


class Region(NamedTuple):
    """Bedrock in another region: the guardrail there as identifier and version, None if the environment enforces none.

    `url`: the endpoint in place of AWS's own. It ends in /openai/v1.
    """

    guardrail: tuple[str, str] | None = None
    url: str | None = None


def names_to_text(names: Mapping[str, tuple[Target, ...]]) -> str:
    """The targets of names as compact JSON: a list for each target, without what is None at its end."""
    rows = {name: [_without_end(target) for target in targets] for name, targets in names.items()}
    return json.dumps(rows, separators=(",", ":"))


def names_from_text(text: str) -> dict[str, tuple[Target, ...]]:
    """The targets in a text that `names_to_text` wrote. Raises ValueError."""
    return {
        _matching(NAME, name): tuple(map(_target, _list(rows, 1, MAX_TARGETS)))
        for name, rows in _object(text).items()
    }


def regions_to_text(regions: Mapping[str, Region]) -> str:
    """Regions as compact JSON."""
    rows = {name: _without_end(region) for name, region in regions.items()}
    return json.dumps(rows, separators=(",", ":"))


def regions_from_text(text: str) -> dict[str, Region]:
    """The regions in a text that `regions_to_text` wrote. Raises ValueError."""
    return {_matching(REGION, name): _region(_list(row, 0, 2)) for name, row in _object(text).items()}


def _without_end(values: tuple[Any, ...]) -> list[Any]:
    kept = list(values)
    while kept and kept[-1] is None:
        kept.pop()
    return kept


def _target(row: object) -> Target:
    model, region, weight, first_byte_s = _padded(_list(row, 1, 4), 4)
    if weight is not None and not (type(weight) is int and 1 <= weight <= MAX_WEIGHT):
        raise ValueError(f"a weight is no whole number of 1 to {MAX_WEIGHT}")
    if first_byte_s is not None and not (type(first_byte_s) in (int, float) and 0 < first_byte_s < 1000):
        raise ValueError("a time to the first byte is no number of seconds")
    return Target(
        _matching(_MODEL, model), None if region is None else _matching(REGION, region), weight, first_byte_s
    )


def _region(row: list[Any]) -> Region:
    guardrail, url = _padded(row, 2)
    return Region(
        guardrail=None if guardrail is None else _guardrail(guardrail),
        url=None if url is None else _matching(_URL, url),
    )


def _guardrail(pair: object) -> tuple[str, str]:
    identifier, version = _list(pair, 2, 2)
    return _matching(IDENTIFIER, identifier), _matching(VERSION, version)


def _object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_unique)
    except RecursionError:
        document = None
    if not isinstance(document, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - as for text that is no JSON
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name is there twice")
    return dict(pairs)


def _list(value: object, least: int, most: int) -> list[Any]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise ValueError(f"it has no list of {least} to {most} where one must be")
    return value


def _padded(row: list[Any], length: int) -> list[Any]:
    return row + [None] * (length - len(row))


def _matching(pattern: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"a value does not match {pattern.pattern}")
    return value
