"""The first pass over a batch input file: checks that every line can be sent."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader

from gateway_cli.jobs import job_line, lines, scratch
from gateway_cli.jobs.lines import FileLine
from gateway_cli.json_line import BadLineError

_SCHEMA = """
CREATE TABLE ids (digest BLOB PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE bad (line INTEGER PRIMARY KEY, reason TEXT NOT NULL);
"""


class FileChangedError(Exception):
    """The input file changed while it was read."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be sent, and why."""

    number: int
    reason: str


class CheckedInput:
    """An open input file whose lines have been checked, with its good and bad lines."""

    def __init__(self, file: BufferedReader, *, sha256: str) -> None:
        self._file = file
        self._state = _state(file)
        self._found = scratch.database(_SCHEMA)
        self.sha256 = sha256
        self.good_count = 0
        self.bad_count = 0

    def good_lines(self) -> Iterator[tuple[int, str]]:
        """Number and message body of each good line. Raises FileChangedError."""
        for line in _lines(self._file):
            if line.raw is not None and not self._is_bad(line.number):
                self._require_unchanged()
                yield line.number, job_line.message_body(line.raw)
        self._require_unchanged()

    def good_ids(self) -> Iterator[tuple[int, str]]:
        """Number and custom_id of each good line. Raises FileChangedError."""
        return ((number, job_line.custom_id(body.encode())) for number, body in self.good_lines())

    def bad_lines(self, limit: int) -> list[BadLine]:
        """The first `limit` bad lines."""
        rows = self._found.execute("SELECT line, reason FROM bad ORDER BY line LIMIT ?", (limit,))
        return [BadLine(*row) for row in rows]

    def add(self, line: FileLine) -> None:
        """Checks a line, and stores whether it is good or bad."""
        try:
            self._require_first(job_line.custom_id(line.raw), line.number)
        except BadLineError as error:
            self.bad_count += 1
            self._found.execute("INSERT INTO bad VALUES (?, ?)", (line.number, str(error)))
        else:
            self.good_count += 1

    def _require_first(self, custom_id: str, number: int) -> None:
        key = scratch.digest(custom_id)
        if self._found.execute("INSERT OR IGNORE INTO ids VALUES (?, ?)", (key, number)).rowcount == 0:
            (first,) = self._found.execute("SELECT line FROM ids WHERE digest = ?", (key,)).fetchone()
            raise BadLineError(f"'custom_id' is the same as in line {first}")

    def _is_bad(self, number: int) -> bool:
        return self._found.execute("SELECT 1 FROM bad WHERE line = ?", (number,)).fetchone() is not None

    def _require_unchanged(self) -> None:
        if _state(self._file) != self._state:
            raise FileChangedError(f"{self._file.name} was changed while it was read. Run the command again.")


def check(
    file: BufferedReader, *, read_bytes: Callable[[int], None], stopped: Callable[[], bool]
) -> CheckedInput | None:
    """The checked file, or None if `stopped` returns true. Raises FileChangedError.

    `read_bytes` is called with the number of bytes read so far.
    """
    checked = CheckedInput(file, sha256=hashlib.file_digest(file, "sha256").hexdigest())
    for line in _lines(file):
        if stopped():
            return None
        checked.add(line)
        read_bytes(file.tell())
    return checked


def _lines(file: BufferedReader) -> Iterator[FileLine]:
    file.seek(0)
    return lines.read(file, max_bytes=job_line.MAX_MESSAGE_BYTES)


def _state(file: BufferedReader) -> tuple[int, int]:
    stat = os.fstat(file.fileno())
    return stat.st_size, stat.st_mtime_ns
