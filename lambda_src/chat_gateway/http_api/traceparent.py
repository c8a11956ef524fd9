"""Reads the trace id of a caller's `traceparent` header: https://www.w3.org/TR/trace-context/#traceparent-header."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Later versions may have more fields after these.
_FIELDS = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace_id>[0-9a-f]{32})-(?P<parent_id>[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-[!-~]*)?"
)
_FIRST_VERSION, _NO_VERSION = "00", "ff"
_MAX_CHARACTERS = 512


def trace_id(values: Sequence[str]) -> str | None:
    """The trace id of the header with these values: 32 hexadecimal digits. None if the header is not valid."""
    if len(values) != 1 or len(values[0]) > _MAX_CHARACTERS:
        return None
    found = _FIELDS.fullmatch(values[0])
    if found is None or found["version"] == _NO_VERSION or not _is_id(found["trace_id"], found["parent_id"]):
        return None
    is_whole = found["version"] != _FIRST_VERSION or found["more"] is None
    return found["trace_id"] if is_whole else None


def _is_id(*ids: str) -> bool:
    """Whether none of the ids is all zeros."""
    return all(id_.strip("0") for id_ in ids)
