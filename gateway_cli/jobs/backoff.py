"""The wait before retrying the part of a batch that AWS did not process."""

from __future__ import annotations

import random

ATTEMPTS = 8
_FIRST_S = 0.2
_MAX_S = 20.0


def wait_s(attempt: int) -> float:
    """The wait in seconds after the attempt, counted from 0. It doubles with each attempt and has jitter."""
    longest: float = min(_FIRST_S * 2**attempt, _MAX_S)
    return random.uniform(0.5, 1) * longest  # noqa: S311 - no secret
