"""Makes and checks the ids of files, uploads, parts and batches.

An id is a prefix, 11 hexadecimal digits of epoch milliseconds, and 128 random bits. Ids of one kind sort by age, so a list
can go on after an id whose item no longer exists.
"""

from __future__ import annotations

import re
import secrets

FILE, UPLOAD, PART, BATCH = "file-", "upload_", "part_", "batch_"
_TIME_DIGITS, _RANDOM_BYTES = 11, 16
# OpenAI's own ids have this form, too.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OWN_DIGITS = re.compile(rf"[0-9a-f]{{{_TIME_DIGITS + 2 * _RANDOM_BYTES}}}")


def new(prefix: str, now_s: float) -> str:
    """A new id, made at `now_s` (epoch seconds). It cannot be guessed."""
    return f"{prefix}{int(now_s * 1000):0{_TIME_DIGITS}x}{secrets.token_hex(_RANDOM_BYTES)}"


def is_id(text: object) -> bool:
    """Whether `text` has the form of an id: at most 64 letters, digits, `_` and `-`. Other text is never looked up."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def is_of_kind(text: str, prefix: str) -> bool:
    """Whether `text` has the form of an id that `new` has made with this prefix."""
    return text.startswith(prefix) and _OWN_DIGITS.fullmatch(text, len(prefix)) is not None


def made_at_s(id_: str) -> float:
    """When an id was made, in epoch seconds. 0 for an id of another form."""
    digits = id_[-2 * _RANDOM_BYTES - _TIME_DIGITS : -2 * _RANDOM_BYTES]
    try:
        return int(digits, 16) / 1000
    except ValueError:
        return 0.0
