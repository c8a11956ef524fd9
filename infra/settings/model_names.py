"""An environment's own names for models: the targets behind each name, and the other regions that targets are in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from chat_gateway.model_names.settings import MAX_TARGETS, MAX_WEIGHT, NAME, Target
from infra.settings.regions import RegionName
from infra.settings.table import Table, matching
from infra.settings.upstream import model_id

_NAME_RULE = (
    "must be 1 to 128 letters, digits and . _ : / -, begin and end with a letter or digit, and be no ARN"
)


class ModelTarget(Table):
    """A model behind a name. If it fails before its answer begins, the name's next target is asked."""

    model: Annotated[str, AfterValidator(model_id)]
    """The id or ARN of the model or inference profile."""
    region: RegionName | None = None
    """The region in which Bedrock is asked. By default, the environment's own."""
    weight: Annotated[int, Field(ge=1, le=MAX_WEIGHT)] | None = None
    """The target's part of the traffic, relative to the name's other weights. Targets without a weight come after these."""
    first_byte_s: Annotated[float, Field(gt=0)] | None = None
    """How long the answer may take to begin before the next target is asked. By default, as long as any answer."""


class ModelName(Table):
    """A name that callers may write in place of a model's id."""

    name: Annotated[str, AfterValidator(matching(NAME.pattern, _NAME_RULE))]
    """The name, such as `fast`."""
    targets: Annotated[list[ModelTarget], Field(min_length=1, max_length=MAX_TARGETS)]
    """The models behind the name, in the order in which they are asked."""

    def asked_from(self, own_region: str | None) -> tuple[Target, ...]:
        """The targets as the functions read them. A target in `own_region` has no region."""
        return tuple(
            Target(
                target.model, elsewhere(target.region, own_region), target.weight, _short(target.first_byte_s)
            )
            for target in self.targets
        )


def elsewhere(region: str | None, own_region: str | None) -> str | None:
    """`region`, or None if it is `own_region`."""
    return None if region == own_region else region


def targets_by_path(models: Sequence[ModelName]) -> Iterator[tuple[str, ModelTarget]]:
    """Every target, after its path in the settings file."""
    for number, model in enumerate(models):
        for index, target in enumerate(model.targets):
            yield f"models[{number}].targets[{index}]", target


def _short(seconds: float | None) -> float | None:
    """A whole number as an int, which has the shorter text."""
    return int(seconds) if seconds is not None and seconds.is_integer() else seconds
