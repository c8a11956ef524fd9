"""Faults that a caller asks for with the body key `standin_fault`.

A fault has at most one of `status` (with `body: garbage`, or with the error's `message` and `error_shape`), `body`,
`drop`, `without_choices` and the outcomes of `stream_fault`. `delay_s` (before anything) and `generating_s` (after a
generation has been counted, before its first byte) can be combined with any of them, or be alone.
`times` and `id` limit the fault to the first requests.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from local.bedrock_standin.faults.stream_fault import Seconds, StreamFault
from local.bedrock_standin.refusals import validation_error

FAULT_KEY = "standin_fault"

HeaderText = Annotated[str, Field(pattern=r"^[\x21-\x7e][\x20-\x7e]*$", max_length=200)]


class Fault(StreamFault):
    """One fault. Names that end in `_s` are in seconds. `retry_after` is sent unchanged."""

    status: Annotated[int, Field(ge=200, le=599)] | None = None
    retry_after: HeaderText | int | float | None = None
    retry_after_ms: HeaderText | int | float | None = None
    error_shape: Literal["error", "message", "Message"] = "error"
    message: Annotated[str, Field(max_length=2000)] = f"Asked for by {FAULT_KEY}."
    body: Literal["garbage"] | None = None
    delay_s: Seconds = 0.0
    generating_s: Seconds = 0.0
    drop: Literal["before_generating", "after_generating"] | None = None
    without_choices: bool = False
    times: Annotated[int, Field(ge=1)] | None = None
    id: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _is_one_fault(self) -> Self:
        answered = self.status is not None or self.body is not None
        without_stream = sum((answered, bool(self.drop), self.without_choices))
        if without_stream + self.stream_outcomes() > 1:
            raise ValueError(
                "status/body, drop, without_choices and the outcomes of a stream exclude each other"
            )
        if without_stream and self.stream_keys():
            raise ValueError(f"{', '.join(self.stream_keys())}: no stream is sent")
        if self.endless and self.events is not None:
            raise ValueError("endless and events exclude each other")
        if (self.silent_after_events is None) != (self.silent_s is None):
            raise ValueError("silent_after_events and silent_s go together")
        if (self.times is None) != (self.id is None):
            raise ValueError("times and id go together")
        if self.status in (204, 205, 304):
            raise ValueError("a status that allows no body cannot be asked for")
        if not answered and (self.retry_after is not None or self.retry_after_ms is not None):
            raise ValueError("retry_after and retry_after_ms need a status")
        if "message" in self.model_fields_set and (self.status is None or self.body is not None):
            raise ValueError("a message needs a status, and no other body")
        return self


NO_FAULT = Fault()


def read_fault(body: dict[str, Any]) -> Fault:
    """The fault in the body; NO_FAULT if there is none. Raises RefusalError (400) if it is ill-formed."""
    if FAULT_KEY not in body:
        return NO_FAULT
    try:
        fault = Fault.model_validate(body[FAULT_KEY])
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise validation_error(f"{FAULT_KEY} is ill-formed: {problems}", FAULT_KEY) from None
    if fault.stream_keys() and body.get("stream") is not True:
        raise validation_error(f"{FAULT_KEY}: {', '.join(fault.stream_keys())} need stream: true", FAULT_KEY)
    return fault


class FaultBook:
    """Counts how often each named fault has happened."""

    def __init__(self) -> None:
        self._happened: Counter[str] = Counter()

    def take(self, fault: Fault) -> Fault:
        """The fault for this request: `fault`, or NO_FAULT when its `times` are used up."""
        if fault.id is None or fault.times is None:
            return fault
        if self._happened[fault.id] >= fault.times:
            return NO_FAULT
        self._happened[fault.id] += 1
        return fault

    def reset(self) -> None:
        """Resets all counts."""
        self._happened.clear()
