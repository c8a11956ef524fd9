"""The file that results are kept in: whole lines, each result once, on disk before the queue forgets them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import lock_descriptor

from gateway_cli.jobs import regular_files, result_line, scratch
from gateway_cli.jobs.result_line import NotAResultError, ResultLine

_SCHEMA = """
CREATE TABLE kept (
    id BLOB PRIMARY KEY, content BLOB NOT NULL, start INTEGER NOT NULL, size INTEGER NOT NULL
) WITHOUT ROWID;
"""

# How the gateway begins a line.
_BEGINNING = b'{"id": "'
# With its line break.
_MAX_LINE_BYTES = result_line.MAX_BYTES + len(b"\r\n")


class ResultsFileError(Exception):
    """The file holds something else than results, or is in use; nothing in it was changed."""


class Verdict(Enum):
    """What became of a line."""

    NEW = auto()
    REPEAT = auto()  # the file has the same line
    CONFLICT = auto()  # the file has another line with its id; both are in the file for conflicts


class ResultsFile:
    """Open for appending by this process alone. For one thread at a time.

    `<name>.conflicts` beside it gets both lines where two different ones have the same id.
    """

    def __init__(self, path: Path) -> None:
        """Reads what the file holds. Raises ResultsFileError, OSError."""
        self._path = path
        self.conflicts_path = path.with_name(f"{path.name}.conflicts")
        if regular_files.is_other(self.conflicts_path):
            raise ResultsFileError(
                f"{self.conflicts_path} is no regular file: no conflict could be kept there."
            )
        self._kept = scratch.database(_SCHEMA)
        self._count = 0
        self._failure: OSError | sqlite3.Error | None = None
        self._file = path.open("a+b", buffering=0)
        try:
            self._lock()
            self.torn_bytes = self._index()
        except BaseException:
            self._file.close()
            raise
        _sync_folder(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()

    def count(self) -> int:
        """How many different results the file holds, on disk."""
        return self._count

    def lines(self) -> Iterator[ResultLine]:
        """Every line."""
        with self._path.open("rb") as file:
            yield from (result_line.parse(raw) for raw in file if raw.strip())

    def keep(self, lines: Iterable[ResultLine]) -> list[Verdict]:
        """Writes what is new; on disk when this returns. Raises OSError or sqlite3.Error, then in every later call.

        Then the file holds none of these lines.
        """
        if self._failure is not None:
            raise self._failure
        try:
            return self._keep(lines)
        except (OSError, sqlite3.Error) as failure:
            # What was to be written is noted as kept, and is not: no message may be deleted from now on.
            self._failure = failure
            raise

    def _keep(self, lines: Iterable[ResultLine]) -> list[Verdict]:
        verdicts, new, conflicts = [], bytearray(), bytearray()
        for line in lines:
            verdict = self._verdict(line, start=self._size + len(new))
            verdicts.append(verdict)
            if verdict is Verdict.NEW:
                new += line.raw + b"\n"
            elif verdict is Verdict.CONFLICT:
                conflicts += self._first(line, new) + b"\n" + line.raw + b"\n"
        if conflicts:
            self._keep_conflicts(conflicts)
        if new:
            append(self._file, new)
            self._size += len(new)
            self._count += verdicts.count(Verdict.NEW)
        return verdicts

    def _keep_conflicts(self, lines: bytearray) -> None:
        with self.conflicts_path.open("ab", buffering=0) as file:
            append(file, lines)
        _sync_folder(self.conflicts_path)

    def _verdict(self, line: ResultLine, *, start: int) -> Verdict:
        content = scratch.digest(line.raw)
        if self._add(line, content, start):
            return Verdict.NEW
        key = (scratch.digest(line.id),)
        row = self._kept.execute("SELECT content FROM kept WHERE id = ?", key).fetchone()
        return Verdict.REPEAT if row == (content,) else Verdict.CONFLICT

    def _add(self, line: ResultLine, content: bytes, start: int) -> bool:
        """False where there is a line with its id."""
        values = (scratch.digest(line.id), content, start, len(line.raw))
        return self._kept.execute("INSERT OR IGNORE INTO kept VALUES (?, ?, ?, ?)", values).rowcount == 1

    def _first(self, line: ResultLine, unwritten: bytearray) -> bytes:
        """The line that was kept under this one's id."""
        key = (scratch.digest(line.id),)
        start, size = self._kept.execute("SELECT start, size FROM kept WHERE id = ?", key).fetchone()
        if start >= self._size:
            return bytes(unwritten[start - self._size :][:size])
        self._file.seek(start)  # what is written goes to the end all the same
        return self._file.read(size)

    def _lock(self) -> None:
        if not lock_descriptor(self._file.fileno(), blocking=False):
            raise ResultsFileError(f"{self._path} is in use: another process is writing results to it.")

    def _index(self) -> int:
        """Notes every line. How many bytes of one that was left half written were cut off."""
        self._size, raw = 0, b"\n"
        with self._path.open("rb") as file:
            for number, raw in enumerate(iter(lambda: file.readline(_MAX_LINE_BYTES + 1), b""), start=1):
                if not self._note(raw, number):
                    self._file.truncate(self._size)
                    return len(raw)
                self._size += len(raw)
        if not raw.endswith(b"\n"):
            append(self._file, b"\n")
            self._size += 1
        return 0

    def _note(self, raw: bytes, number: int) -> bool:
        """False where the line is the beginning of one of ours, whose message is still in the queue."""
        try:
            if raw.strip():
                line = result_line.parse(raw)
                self._count += self._add(line, scratch.digest(line.raw), self._size)
        except NotAResultError as error:
            is_cut = not raw.endswith(b"\n") and len(raw) <= _MAX_LINE_BYTES
            if is_cut and raw[: len(_BEGINNING)] == _BEGINNING[: len(raw)]:
                return False
            raise ResultsFileError(
                f"{self._path} holds something else than results: line {number} is {error}."
            ) from None
        return True


def append(file: FileIO, data: bytes | bytearray) -> None:
    """Writes `data` to disk, or nothing of it. Raises OSError with the file's name."""
    size_bytes = os.fstat(file.fileno()).st_size
    try:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        os.fsync(file.fileno())
    except OSError as error:
        file.truncate(size_bytes)
        raise OSError(error.errno, error.strerror, str(file.name)) from error


def _sync_folder(path: Path) -> None:
    """A new file's name is on disk."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
