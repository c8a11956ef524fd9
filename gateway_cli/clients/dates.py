"""Points in time as operators write and read them: ISO 8601, in UTC unless they say otherwise."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?")
_LAST_S = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that datetime knows
FORM_IN_WORDS = "YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ"


def parse(text: str) -> int:
    """The epoch seconds of a date (its first second) or a date and time. Raises ValueError."""
    if not _FORM.fullmatch(text):
        raise ValueError(f"not a date: use {FORM_IN_WORDS}")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"no such date: use {FORM_IN_WORDS}") from None
    epoch_s = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    if not is_known(epoch_s):
        raise ValueError("not a date from 1970 to 9999")
    return epoch_s


def is_known(epoch_s: int) -> bool:
    """Whether `shown` can write the time."""
    return 0 <= epoch_s <= _LAST_S


def shown(epoch_s: int) -> str:
    """Epoch seconds as YYYY-MM-DDTHH:MM:SSZ."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> str:
    """The time as `created_at` has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def is_creation_time(text: object) -> bool:
    """Whether `text` is a time as this or an earlier version wrote `created_at`."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9T:.+-]{19,32}", text):
        return False
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
