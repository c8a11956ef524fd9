"""How far back a trace looks."""

from __future__ import annotations

import re

_FORM = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400}
FORM_IN_WORDS = "a number of minutes, hours or days, such as 30m, 24h or 7d"


def seconds(text: str) -> int:
    """The seconds in a text such as 24h. Raises ValueError."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"write {FORM_IN_WORDS}")
    return int(found[1]) * _SECONDS[found[2]]
