"""Reads how long Bedrock asks clients to wait before the next attempt.

https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

_LONGEST_CHARACTERS = 64  # a date takes 29


def wait_s(headers: Mapping[str, str], *, clock: Callable[[], float] = time.time) -> float | None:
    """Seconds to wait by `retry-after-ms` or `retry-after`, at least 0; None if neither is valid.

    Names in `headers` are lowercase; `clock` is in seconds since the epoch.
    """
    milliseconds = _number(_short(headers.get("retry-after-ms")))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    text = _short(headers.get("retry-after"))
    seconds = _number(text)
    if seconds is None and text is not None:
        seconds = _until(text, clock())
    return None if seconds is None else max(0.0, seconds)


def _short(text: str | None) -> str | None:
    return text if text is not None and len(text) <= _LONGEST_CHARACTERS else None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _until(date: str, now_s: float) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - now_s
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
