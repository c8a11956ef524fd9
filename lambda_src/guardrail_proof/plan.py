"""What the proof tries of an environment's model names and of Bedrock in other regions.

The stack makes the plan, since the proof does not know which of Bedrock's APIs serves a model.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

NATIVE, CONVERSE = "native", "converse"
_ROUTES = {NATIVE, CONVERSE}


class Region(NamedTuple):
    """Bedrock in another region: its endpoint, which ends in /openai/v1, and the guardrail's identifier and version.

    `models` has a model for each route that targets there have. `guardrail` is None if the environment enforces none.
    """

    name: str
    base_url: str
    guardrail: tuple[str, str] | None
    models: dict[str, str]


class Plan(NamedTuple):
    """The names to try, and those that lead to the same regions and routes as one of these.

    `models` has a model for each route that targets in the gateway's own region have.
    """

    names: tuple[str, ...]
    untried: tuple[str, ...]
    models: dict[str, str]
    regions: tuple[Region, ...]

    def has_name(self, model: str) -> bool:
        """Whether `model` is one of the environment's names."""
        return model in self.names or model in self.untried

    def to_text(self) -> str:
        """The plan as compact JSON. The URLs may be CDK tokens."""
        return json.dumps(self, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Plan:
        """The plan in a text that `to_text` wrote. Raises ValueError."""
        try:
            names, untried, models, regions = json.loads(text)
            return cls(_texts(names), _texts(untried), _models(models), tuple(map(_region, _list(regions))))
        except (ValueError, TypeError, RecursionError):
            raise ValueError("it is no plan of the proof") from None


def _region(row: object) -> Region:
    name, base_url, guardrail, models = _list(row)
    return Region(_text(name), _text(base_url), _guardrail(guardrail), _models(models))


def _guardrail(pair: object) -> tuple[str, str] | None:
    if pair is None:
        return None
    identifier, version = _texts(pair)
    return identifier, version


def _models(models: object) -> dict[str, str]:
    if not isinstance(models, dict) or not models.keys() <= _ROUTES:
        raise TypeError
    return {route: _text(model) for route, model in models.items()}


def _texts(values: object) -> tuple[str, ...]:
    return tuple(map(_text, _list(values)))


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
