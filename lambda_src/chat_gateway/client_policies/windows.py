"""The minute, the day and the month that a request counts for, in UTC."""

from __future__ import annotations

import math
import time
from typing import NamedTuple

_MINUTE_S, _DAY_S = 60, 86_400


class Windows(NamedTuple):
    """The windows of one moment, as the ends of attribute names: `m_202611261702`, `d_20261126`, `mo_202611`."""

    minute: str
    day: str
    month: str

    def has(self, attribute: str) -> bool:
        """Whether the attribute belongs to one of these windows."""
        return attribute.endswith(tuple(self))

    def are_after(self, attribute: str) -> bool:
        """Whether the attribute belongs to an earlier window of the same length as one of these."""
        _, _, window = attribute.partition("_")
        return any(window < own and _kind(window) == _kind(own) for own in self)


def _kind(window: str) -> str:
    return window.partition("_")[0]


def at(now_s: float) -> Windows:
    """The windows at `now_s` (epoch seconds)."""
    moment = time.gmtime(now_s)
    return Windows(
        minute=time.strftime("m_%Y%m%d%H%M", moment),
        day=time.strftime("d_%Y%m%d", moment),
        month=time.strftime("mo_%Y%m", moment),
    )


def minute_left_s(now_s: float) -> int:
    """Whole seconds until the next minute, 1 to 60."""
    return _left_s(now_s, _MINUTE_S)


def day_left_s(now_s: float) -> int:
    """Whole seconds until the next day, 1 to 86,400."""
    return _left_s(now_s, _DAY_S)


def _left_s(now_s: float, length_s: int) -> int:
    return max(1, math.ceil(length_s - now_s % length_s))


def duration(seconds: int) -> str:
    """A duration as OpenAI's headers write it: `37s`, `6m0s`, `5h0m7s`."""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
