"""The memory size that a function needs: its largest request and answer take at most three quarters of it."""

from __future__ import annotations

import math

SHARE = 0.75
# Lambda takes every whole number. We use multiples of this.
_STEP_MIB = 64
_LEAST_MIB = 128


def needed_mib(peak_mib: float) -> int:
    """The cheapest size that holds this peak with a quarter to spare."""
    return max(_LEAST_MIB, math.ceil(peak_mib / SHARE / _STEP_MIB) * _STEP_MIB)
