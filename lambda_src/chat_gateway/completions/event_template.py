"""Recognises an event that differs from an earlier one only in its `content`, without parsing it.

Parsing takes most of the time spent on an event, and most events only add a few words.
"""

from __future__ import annotations

import re

_KEY = re.compile(rb'"content": {0,2}"')
# The contents of a JSON string: https://www.rfc-editor.org/rfc/rfc8259#section-7
_STRING = re.compile(rb'(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')


class EventTemplate:
    """The bytes around an event's `content`, as received and as sent on."""

    __slots__ = ("_after", "_before", "_written_after", "_written_before")

    def __init__(self, raw: tuple[bytes, bytes], written: tuple[bytes, bytes]) -> None:
        self._before, self._after = raw
        self._written_before, self._written_after = written

    def written(self, raw: bytes) -> bytes | None:
        """The bytes to send for the received event `raw`; None if it may differ in more than its `content`."""
        if not raw.startswith(self._before) or not raw.endswith(self._after):
            return None
        words = raw[len(self._before) : -len(self._after)]
        if len(raw) < len(self._before) + len(self._after) or not _STRING.fullmatch(words):
            return None
        return self._written_before + words + self._written_after if _is_utf8(words) else None


def of(raw: bytes, written: bytes) -> EventTemplate | None:
    """A template from an event as received and as sent on; None if it does not have exactly one `content`."""
    around, written_around = _around_words(raw), _around_words(written)
    if around is None or written_around is None:
        return None
    return EventTemplate(around, written_around)


def _around_words(event: bytes) -> tuple[bytes, bytes] | None:
    if len(_KEY.findall(event)) != 1 or (key := _KEY.search(event)) is None:
        return None
    words = _STRING.match(event, key.end())
    return None if words is None else (event[: key.end()], event[words.end() :])


def _is_utf8(words: bytes) -> bool:
    if words.isascii():
        return True
    try:
        words.decode()
    except UnicodeDecodeError:
        return False
    return True
