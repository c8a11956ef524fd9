"""Decides how long a job that is put back stays hidden in the queue."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from chat_gateway.jobs.sqs_limits import MAX_HIDDEN_S

_MAX_DOUBLINGS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDelays:
    """Full jitter: a random wait from 0 to a bound that starts at `first_s` and doubles with every receive.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    first_s: int
    max_s: int
    chance: Callable[[], float] = random.random  # from 0 to 1

    def after(self, receives: int, *, asked_s: float | None = None) -> int:
        """The delay in whole seconds: the wait that Bedrock asked for plus the random wait, at most MAX_HIDDEN_S."""
        bound_s = min(self.max_s, self.first_s << min(max(receives, 1) - 1, _MAX_DOUBLINGS))
        asked_s = min(asked_s or 0.0, MAX_HIDDEN_S)
        return min(math.ceil(asked_s + self.chance() * bound_s), MAX_HIDDEN_S)


def until(moment_s: float, *, now_s: float) -> int:
    """Whole seconds from `now_s` until just after `moment_s`, from 0 to MAX_HIDDEN_S."""
    return min(max(math.ceil(moment_s - now_s) + 1, 0), MAX_HIDDEN_S)
