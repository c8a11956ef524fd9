"""The file for results. It has whole lines, each result once, on disk before the message is deleted."""

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

# The start of a line that the gateway writes.
_BEGINNING = b'{"id": "'
# Including the line break.
_MAX_LINE_BYTES = result_line.MAX_BYTES + len(b"\r\n")


class ResultsFileError(Exception):
    """The file has other content than results, or is in use. The file was not changed."""


class Verdict(Enum):
    """What happened to a line."""

    NEW = auto()
    REPEAT = auto()  # the file has the same line
    CONFLICT = auto()  # the file has another line with this id; both lines are in the file for conflicts


class ResultsFile:
    """The file, locked by this process. For one thread at a time.

    If two different lines have the same id, both are written to the file `<name>.conflicts`.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file and reads its results. Raises ResultsFileError and OSError."""
        self._path = path
        self.conflicts_path = path.with_name(f"{path.name}.conflicts")
        if regular_files.is_other(self.conflicts_path):
            raise ResultsFileError(
                f"{self.conflicts_path} is not a regular file, so conflicts could not be written there."
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
        """The number of different results in the file."""
        return self._count

    def lines(self) -> Iterator[ResultLine]:
        """All lines of the file."""
        with self._path.open("rb") as file:
            yield from (result_line.parse(raw) for raw in file if raw.strip())

    def keep(self, lines: Iterable[ResultLine]) -> list[Verdict]:
        """Writes the new lines. They are on disk when this returns.

        Raises OSError or sqlite3.Error. Then none of these lines is in the file, and every later call raises the same error.
        """
        if self._failure is not None:
            raise self._failure
        try:
            return self._keep(lines)
        except (OSError, sqlite3.Error) as failure:
            # The index now has lines that are not in the file, so no message may be deleted from now on.
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
        """Adds the line to the index. Returns False if the index already has a line with this id."""
        values = (scratch.digest(line.id), content, start, len(line.raw))
        return self._kept.execute("INSERT OR IGNORE INTO kept VALUES (?, ?, ?, ?)", values).rowcount == 1

    def _first(self, line: ResultLine, unwritten: bytearray) -> bytes:
        """The first line with the same id as `line`."""
        key = (scratch.digest(line.id),)
        start, size = self._kept.execute("SELECT start, size FROM kept WHERE id = ?", key).fetchone()
        if start >= self._size:
            return bytes(unwritten[start - self._size :][:size])
        self._file.seek(start)  # writes still go to the end of the file
        return self._file.read(size)

    def _lock(self) -> None:
        if not lock_descriptor(self._file.fileno(), blocking=False):
            raise ResultsFileError(
                f"{self._path} is in use: another process is writing results to this file."
            )

    def _index(self) -> int:
        """Adds all lines to the index. Returns the number of bytes of a half-written last line, which is removed."""
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
        """Adds the line to the index. Returns False if the line is half-written: its result comes again."""
        try:
            if raw.strip():
                line = result_line.parse(raw)
                self._count += self._add(line, scratch.digest(line.raw), self._size)
        except NotAResultError as error:
            is_cut = not raw.endswith(b"\n") and len(raw) <= _MAX_LINE_BYTES
            if is_cut and raw[: len(_BEGINNING)] == _BEGINNING[: len(raw)]:
                return False
            raise ResultsFileError(
                f"{self._path} has other content than results: line {number} is {error}."
            ) from None
        return True


def append(file: FileIO, data: bytes | bytearray) -> None:
    """Writes all of `data` to disk, or nothing. Raises OSError with the file's name."""
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
    """Writes the folder to disk, so that a new file's name is on disk."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
