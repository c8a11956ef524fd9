"""Leaves out a target that has just failed, for some time. It lives in the process: no call is needed to ask it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from chat_gateway.model_names.settings import Target

# Ours. AWS counts tokens and requests by the minute: after a shorter time most targets would still throttle.
_COOL_DOWN_S = 30.0
# A model that is gone does not come back, but a wrong setting may be mended.
_GONE_COOL_DOWN_S = 300.0

_Key = tuple[str, str | None]


class CircuitBreaker:
    """The last failure of each target. Threads may share it. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._closed_at: dict[_Key, float] = {}

    def failed(self, target: Target, *, is_gone: bool) -> None:
        """Leaves the target out from now on."""
        cool_down_s = _GONE_COOL_DOWN_S if is_gone else _COOL_DOWN_S
        self._closed_at[_key(target)] = self._clock() + cool_down_s

    def answered(self, target: Target) -> None:
        """The target works again."""
        if self._closed_at:
            self._closed_at.pop(_key(target), None)

    def split(self, targets: Sequence[Target]) -> tuple[Sequence[Target], Sequence[Target]]:
        """The targets to ask, and those that are left out. If all have just failed, none is left out."""
        if not self._closed_at:
            return targets, ()
        now = self._clock()
        left_out = [target for target in targets if self._closed_at.get(_key(target), now) > now]
        if len(left_out) == len(targets):
            return targets, ()
        return [target for target in targets if target not in left_out], left_out


def _key(target: Target) -> _Key:
    return target.model, target.region
