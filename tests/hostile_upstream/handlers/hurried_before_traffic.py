"""The hook before traffic without pauses: what it waits for has already happened, or never will."""

from __future__ import annotations

import time

from botocore import endpoint

from guardrail_proof import before_traffic, over_http


class _Clock:
    """A clock that sleeping does not need."""

    def sleep(self, seconds: float) -> None:
        return None

    def monotonic(self) -> float:
        return time.monotonic()


for _module in (over_http, endpoint):
    _module.time = _Clock()  # type: ignore[attr-defined]

handle = before_traffic.handle
