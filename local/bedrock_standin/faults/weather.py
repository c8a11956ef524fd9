"""Weather: random faults for requests."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from local.bedrock_standin.faults.fault import NO_FAULT, Fault

if TYPE_CHECKING:
    from local.bedrock_standin.counters import Counters


class Forecast(BaseModel):
    """The `share` of requests that get one of `faults` at random. All faults are equally likely. `seed` is the seed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    share: Annotated[float, Field(ge=0, le=1)]
    seed: int = 0
    faults: list[Fault] = []

    @model_validator(mode="after")
    def _can_come_true(self) -> Self:
        if self.share and not self.faults:
            raise ValueError("a share above 0 needs faults")
        if any(fault.id is not None for fault in self.faults):
            raise ValueError("times and id are allowed only in a request's own fault")
        return self


CALM = Forecast(share=0)


class Weather:
    """Draws a fault for each request, and counts the drawn faults by kind."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self.change(CALM)

    def change(self, forecast: Forecast) -> None:
        """Uses this forecast from now on, starting with its seed."""
        self._share = forecast.share
        self._anywhere = [fault for fault in forecast.faults if not fault.stream_keys()]
        self._in_streams = forecast.faults
        self._random = random.Random(forecast.seed)  # noqa: S311 - no secret

    def fault(self, asked: Fault, *, streams: bool) -> Fault:
        """The fault that the request asked for, else a drawn fault, else NO_FAULT."""
        faults = self._in_streams if streams else self._anywhere
        if asked is not NO_FAULT or self._random.random() >= self._share or not faults:
            return asked
        drawn = self._random.choice(faults)
        self._counters.weather(_kind(drawn))
        return drawn


def _kind(fault: Fault) -> str:
    """The fault as text, such as `status=429 retry_after=1`."""
    return " ".join(f"{name}={value}" for name, value in fault.model_dump(exclude_unset=True).items())
