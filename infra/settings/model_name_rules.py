"""What an environment's model names, their targets and other regions must agree with.

Each function raises RefusedSettingError. `own_region` is None until the stack's region is known: rules that depend on
the region are then checked later, when `infra.region` knows it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from chat_gateway.completions.routes import CONVERSE
from infra.settings import arns
from infra.settings.guardrail import GuardrailSettings, GuardrailVersion, NoGuardrail, OwnGuardrail
from infra.settings.model_names import ModelName, elsewhere, targets_by_path
from infra.settings.table import RefusedSettingError, require
from infra.settings.timeouts import Timeouts
from infra.settings.upstream import Upstream

_NO_TARGET = "is for a region that no target of [[models]] names"


def check_names(models: Sequence[ModelName], upstream: Upstream, own_region: str | None) -> None:
    """No name is there twice, no target is twice behind a name, and there are names if callers may use names only."""
    require(bool(models) or not upstream.names_only, "upstream.names_only", "needs names: add [[models]]")
    names = ((f"models[{number}].name", model.name) for number, model in enumerate(models))
    _check_unique(names, "is the same as")
    for number, model in enumerate(models):
        paths = (f"models[{number}].targets[{index}]" for index in range(len(model.targets)))
        places = ((target.model, target.region) for target in model.asked_from(own_region))
        _check_unique(zip(paths, places, strict=True), "has the same model and region as")


def check_targets(
    models: Sequence[ModelName], upstream: Upstream, timeouts: Timeouts, own_region: str | None
) -> None:
    """Every target is an allowed model, where its id or ARN says, on an endpoint that serves it."""
    longest_s = min(timeouts.answer_s, timeouts.job_s)
    for path, target in targets_by_path(models):
        rule = "is not in upstream.models, which lists all models that callers may use"
        require(upstream.allows(target.model), f"{path}.model", rule)
        _check_arn(f"{path}.model", target.model, target.region or own_region)
        rule = "needs Converse, which upstream.url does not have"
        is_on_mantle = upstream.is_mantle and elsewhere(target.region, own_region) is None
        require(not is_on_mantle or upstream.route_of(target.model) != CONVERSE, f"{path}.model", rule)
        rule = f"must be below {longest_s}, the shortest timeout of a whole answer or job"
        require((target.first_byte_s or 0) < longest_s, f"{path}.first_byte_s", rule)


def check_regions(
    models: Sequence[ModelName],
    guardrail: GuardrailSettings,
    guardrails: Mapping[str, GuardrailVersion],
    upstream: Upstream,
    own_region: str | None,
) -> None:
    """Every region has its guardrail if the environment enforces one. No region is set that no target is in."""
    used = {target.region for _, target in targets_by_path(models)}
    own = "must not be set for the environment's own region; set"
    _check_used("guardrails", guardrails, used, own_region, own=f"{own} [guardrail]")
    _check_used("upstream.region_urls", upstream.region_urls, used, own_region, own=f"{own} upstream.url")
    if isinstance(guardrail, GuardrailVersion):
        _check_arn("guardrail.identifier", guardrail.identifier, own_region)
    for region, version in guardrails.items():
        rule = "must not be set: guardrail.kind is none"
        require(not isinstance(guardrail, NoGuardrail), f"guardrails.{region}", rule)
        _check_arn(f"guardrails.{region}.identifier", version.identifier, region)
    if own_region is not None and not isinstance(guardrail, NoGuardrail):
        _check_guarded(models, guardrails, own_region, is_own=isinstance(guardrail, OwnGuardrail))


def _check_unique(values: Iterable[tuple[str, object]], rule: str) -> None:
    first: dict[object, str] = {}
    for path, value in values:
        require(value not in first, path, f"{rule} {first.get(value)}")
        first[value] = path


def _check_arn(path: str, identifier: str, region: str | None) -> None:
    """Refuses the ARN of a resource in another region than `region`."""
    if region is not None and identifier.startswith("arn:"):
        of_arn = arns.region_of(identifier)
        require(of_arn in ("", region), path, f"is an ARN of {of_arn}, but is used in {region}")


def _check_used(
    path: str, regions: Collection[str], used: Collection[str | None], own_region: str | None, *, own: str
) -> None:
    for region in regions:
        require(region != own_region, f"{path}.{region}", own)
        require(region in used, f"{path}.{region}", _NO_TARGET)


def _check_guarded(
    models: Sequence[ModelName], guardrails: Collection[str], own_region: str, *, is_own: bool
) -> None:
    which = "the guardrail that the stack creates" if is_own else "the guardrail in [guardrail]"
    for path, target in targets_by_path(models):
        region = elsewhere(target.region, own_region)
        if region is not None and region not in guardrails:
            raise RefusedSettingError(
                f"{path}.region",
                f"is {region}, where no guardrail is set: {which} exists in {own_region} only. Create one in {region}, "
                f"and set its identifier and version in [guardrails.{region}]",
            )
