"""The base of the shapes of a Converse request, and the reader of a shape.

A shape allows the members of AWS's service model (botocore, bedrock-runtime, 2026-11-26) and no others.
"""

from __future__ import annotations

from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from local.bedrock_standin.refusals import RefusalError, validation_error

S = TypeVar("S", bound="Shape")


class Shape(BaseModel):
    """A structure. A member that is null is absent."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        is_object = isinstance(value, dict)
        return {key: member for key, member in value.items() if member is not None} if is_object else value


class OneOf(Shape):
    """A union: exactly one member is set."""

    @model_validator(mode="after")
    def _has_one_member(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("a union must set exactly one member")
        return self

    def kind(self) -> str:
        """The name of the member that is set, as in the JSON."""
        name = next(iter(self.model_fields_set))
        return type(self).model_fields[name].alias or name


def read_shape(shape: type[S], body: dict[str, Any]) -> S:
    """The body as this shape. Raises RefusalError (400)."""
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        raise _refusal(error) from None


def _refusal(error: ValidationError) -> RefusalError:
    first = error.errors(include_input=False, include_url=False)[0]
    place = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        holder = "/".join(["#", *place[:-1]])
        return validation_error(
            f"Malformed input request: {holder}: extraneous key [{place[-1]}] is not permitted, "
            "please reformat your input and try again."
        )
    return validation_error(
        f"1 validation error detected: Value at '{'.'.join(place)}' failed to satisfy constraint: {first['msg']}"
    )
