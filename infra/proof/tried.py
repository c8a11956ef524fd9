"""The models, names and regions with which the proof tries an environment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chat_gateway.completions.routes import CONVERSE, NATIVE
from chat_gateway.model_names.settings import Target
from guardrail_proof.plan import Plan, Region
from infra.bedrock import upstream
from infra.settings.environment import Environment

# With more names, one name is tried for each set of regions and routes: each name takes four requests.
_MOST_NAMES = 20

_Place = tuple[str | None, str]  # a region, None for the environment's own, and a route


def model(environment: Environment) -> str:
    """What the proof sends requests and jobs to: `proof.model`, or a name if callers may use names only."""
    chosen = environment.proof.model
    if not environment.upstream.names_only or chosen in environment.model_names:
        return chosen
    return _first_name(environment, NATIVE) or next(iter(environment.model_names))


def converse_model(environment: Environment) -> str | None:
    """The model or name with which the proof tries Converse; None if the settings have none."""
    if environment.proof.converse_model is not None:
        return environment.proof.converse_model
    listed = [] if environment.upstream.names_only else environment.upstream.models
    model = next((one for one in listed if environment.upstream.route_of(one) == CONVERSE), None)
    return model or _first_name(environment, CONVERSE)


def plan(environment: Environment) -> Plan | None:
    """The names and regions to try; None if the environment has no names."""
    if not environment.models:
        return None
    names = _names(environment)
    return Plan(
        names=names,
        untried=tuple(name for name in environment.model_names if name not in names),
        models=_models(environment, None),
        regions=tuple(_region(environment, name) for name in environment.other_regions),
    )


def _first_name(environment: Environment, route: str) -> str | None:
    """The first name whose first target has the route."""
    names = environment.model_names.items()
    return next((name for name, targets in names if _place(environment, targets[0])[1] == route), None)


def _names(environment: Environment) -> tuple[str, ...]:
    names = environment.model_names
    if len(names) <= _MOST_NAMES:
        return tuple(names)
    first: dict[frozenset[_Place], str] = {}
    for name, targets in names.items():
        first.setdefault(frozenset(_places(environment, targets)), name)
    return tuple(first.values())


def _region(environment: Environment, name: str) -> Region:
    guardrail = environment.guardrails.get(name)
    return Region(
        name,
        base_url=upstream.base_url(environment, name),
        guardrail=None if guardrail is None else (guardrail.identifier, guardrail.version),
        models=_models(environment, name),
    )


def _models(environment: Environment, region: str | None) -> dict[str, str]:
    """By route, the model of the first target in the region that has it."""
    models: dict[str, str] = {}
    for targets in environment.model_names.values():
        for target, (there, route) in zip(targets, _places(environment, targets), strict=True):
            if there == region:
                models.setdefault(route, target.model)
    return models


def _places(environment: Environment, targets: Sequence[Target]) -> Iterable[_Place]:
    return (_place(environment, target) for target in targets)


def _place(environment: Environment, target: Target) -> _Place:
    return target.region, environment.upstream.route_of(target.model)
