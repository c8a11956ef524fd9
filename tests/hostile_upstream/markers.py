"""Words that must not appear elsewhere: every trial has its own.

A scenario uses WORDS and MATCHED; a trial replaces their digits with its number, so that no length changes.
"""

from __future__ import annotations

import re

# What the upstream, or the caller's prompt, says: only the caller's own answer may hold it.
WORDS = "zq00000"
# What a guardrail matched: nobody is to see it.
MATCHED = "zs00000"
# No name of anything, so that nobody can take it for one.
FOREIGN = f"{WORDS} & more"

_ANY = re.compile(r"z[qs][0-9]{5}")
_MATCHED = re.compile(r"zs[0-9]{5}")


def numbered(data: bytes, number: int) -> bytes:
    """`data` with the markers of the trial with that number."""
    digits = b"%05d" % number
    return data.replace(WORDS.encode(), b"zq" + digits).replace(MATCHED.encode(), b"zs" + digits)


def found(text: str) -> set[str]:
    """The markers in `text`, of any trial."""
    return set(_ANY.findall(text))


def matched(text: str) -> set[str]:
    """The markers of what a guardrail matched."""
    return set(_MATCHED.findall(text))
