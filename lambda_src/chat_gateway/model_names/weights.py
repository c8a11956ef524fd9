"""Draws the target that a request asks first."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Sequence
from itertools import accumulate

from chat_gateway.model_names.settings import Target


def ordered(targets: Sequence[Target], random: Callable[[], float]) -> list[Target]:
    """The targets in the order in which they are asked. `random` gives numbers from 0 to below 1.

    Without weights that is the given order. With weights, the first one is drawn by them, the other targets with a weight
    follow in the given order, and then those without.
    """
    weighted = [target for target in targets if target.weight]
    if not weighted:
        return list(targets)
    first = _drawn(weighted, random())
    others = [target for target in weighted if target is not first]
    return [first, *others, *(target for target in targets if not target.weight)]


def _drawn(weighted: Sequence[Target], fraction: float) -> Target:
    totals = list(accumulate(target.weight or 0 for target in weighted))
    return weighted[bisect(totals, fraction * totals[-1], hi=len(weighted) - 1)]
