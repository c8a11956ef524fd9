"""Reads any file line by line in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO

_BOM = b"\xef\xbb\xbf"
_JSON_SPACE = b" \t\r\n"
_CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line that is not blank, without the white space around it. `raw` is None if the line is too long."""

    number: int  # from 1; blank lines count
    raw: bytes | None


def read(file: BinaryIO, *, max_bytes: int) -> Iterator[FileLine]:
    """The lines of `file` from its current position. A line ends with LF or CR LF.

    A line of more than `max_bytes` is skipped in parts. A byte order mark before the first line is removed.
    """
    # A line of `max_bytes` may have a byte order mark before it and CR LF after it.
    limit = max_bytes + len(_BOM) + 2
    for number in count(1):
        raw = file.readline(limit)
        if not raw:
            return
        if len(raw) == limit and not raw.endswith(b"\n"):
            _skip_line(file)
            yield FileLine(number, None)
            continue
        content = (raw.removeprefix(_BOM) if number == 1 else raw).strip(_JSON_SPACE)
        if content:
            yield FileLine(number, content if len(content) <= max_bytes else None)


def _skip_line(file: BinaryIO) -> None:
    while (chunk := file.readline(_CHUNK_BYTES)) and not chunk.endswith(b"\n"):
        pass
