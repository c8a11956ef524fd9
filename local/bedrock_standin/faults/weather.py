"""Weather: faults at random, for all requests or for those of one model. A share of 1 makes every request fail."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from local.bedrock_standin.faults.converse_fault import ConverseFault
from local.bedrock_standin.faults.fault import NO_FAULT, Fault

if TYPE_CHECKING:
    from local.bedrock_standin.counters import Counters


class Forecast(BaseModel):
    """The `share` of requests that get one of `faults` at random. All faults are equally likely. `seed` is the seed.

    `model`: only the requests of this model, as the body or the decoded path names it; None: all requests.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    share: Annotated[float, Field(ge=0, le=1)]
    seed: int = 0
    faults: list[ConverseFault] = []
    model: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _can_come_true(self) -> Self:
        if self.share and not self.faults:
            raise ValueError("a share above 0 needs faults")
        if any(fault.id is not None for fault in self.faults):
            raise ValueError("times and id are allowed only in a request's own fault")
        return self


class Weather:
    """Draws a fault for each request, and counts the drawn faults by kind. A model's weather comes before that of all."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._draws: dict[str | None, _Draws] = {}

    def change(self, forecast: Forecast) -> None:
        """Uses this forecast from now on for its model, or for all requests, starting with its seed."""
        self._draws[forecast.model] = _Draws(forecast)

    def fault(self, asked: Fault, *, streams: bool, model: object = None) -> Fault:
        """The fault that the request asked for, else a drawn fault, else NO_FAULT. `model` is the request's."""
        if asked is not NO_FAULT:
            return asked
        for of_model in [None] if not isinstance(model, str) else [model, None]:
            drawn = self._draws[of_model].draw(streams=streams) if of_model in self._draws else None
            if drawn is not None:
                self._counters.weather(_kind(drawn, of_model))
                return drawn
        return asked


class _Draws:
    def __init__(self, forecast: Forecast) -> None:
        self._share = forecast.share
        self._anywhere = [fault for fault in forecast.faults if not fault.needs_stream()]
        self._in_streams = forecast.faults
        self._random = random.Random(forecast.seed)  # noqa: S311 - no secret

    def draw(self, *, streams: bool) -> Fault | None:
        faults = self._in_streams if streams else self._anywhere
        if self._random.random() >= self._share or not faults:
            return None
        return self._random.choice(faults)


def _kind(fault: Fault, model: str | None) -> str:
    """The fault as text, such as `status=429 retry_after=1`, after its model if it is that of one model."""
    said = (f"{name}={value}" for name, value in fault.model_dump(exclude_unset=True).items())
    return " ".join([model, *said] if model else said)
