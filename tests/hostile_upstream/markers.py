"""Words that must not appear elsewhere: every trial has its own.

A scenario uses WORDS, MATCHED and HELD; a trial replaces their digits with its number, so that no length changes.
"""

from __future__ import annotations

import re

# What the upstream, or the caller's prompt, says: only the caller's own answer may hold it.
WORDS = "zq00000"
# What a guardrail matched: nobody is to see it.
MATCHED = "zs00000"
# What the model generated and Converse does not check: released only after ApplyGuardrail has checked it.
HELD = "zh00000"
# No name of anything, so that nobody can take it for one.
FOREIGN = f"{WORDS} & more"

_ANY = re.compile(r"z[qsh][0-9]{5}")
_MATCHED = re.compile(r"zs[0-9]{5}")
_HELD = re.compile(r"zh[0-9]{5}")


def numbered(data: bytes, number: int) -> bytes:
    """`data` with the markers of the trial with that number."""
    digits = b"%05d" % number
    for marker in (WORDS, MATCHED, HELD):
        data = data.replace(marker.encode(), marker[:2].encode() + digits)
    return data


def found(text: str) -> set[str]:
    """The markers in `text`, of any trial."""
    return set(_ANY.findall(text))


def matched(text: str) -> set[str]:
    """The markers of what a guardrail matched."""
    return set(_MATCHED.findall(text))


def held(text: str) -> set[str]:
    """The markers of what had to be checked before it was released."""
    return set(_HELD.findall(text))
