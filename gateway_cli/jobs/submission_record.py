"""Remembers on disk which lines of an input file a queue has accepted, so that submitting can be resumed."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway_cli.jobs import regular_files

_SCHEMA = """
CREATE TABLE IF NOT EXISTS submission (format INTEGER, sha256 TEXT, queue TEXT, id TEXT);
CREATE TABLE IF NOT EXISTS accepted (line INTEGER PRIMARY KEY);
"""
_FORMAT = 2


class RecordError(Exception):
    """The record is another file's or queue's, in use, or none at all; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a record belongs to: the input's content, and the queue as it was created."""

    sha256: str
    queue: str


class SubmissionRecord:
    """One submission's record; a line is in it for good when `add` returns. For one thread at a time.

    `id` is the submission's own, the same each time that it is resumed.
    """

    def __init__(self, path: Path, identity: Identity) -> None:
        """Raises RecordError."""
        self._path = path
        if regular_files.is_other(path):
            raise RecordError(f"{path} cannot be used as record: it is no regular file.")
        try:
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise _as_record_error(error, path) from None
        with ExitStack() as opened:
            opened.callback(self._database.close)
            try:
                self._open()
                self._require(identity)
            except sqlite3.Error as error:
                raise _as_record_error(error, path) from None
            opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._database.close()

    def count(self) -> int:
        """How many lines were accepted."""
        (count,) = self._database.execute("SELECT count(*) FROM accepted").fetchone()
        return int(count)

    def has(self, line: int) -> bool:
        """Whether the line was accepted."""
        return self._database.execute("SELECT 1 FROM accepted WHERE line = ?", (line,)).fetchone() is not None

    def add(self, lines: Iterable[int]) -> None:
        """Writes the lines to disk. Raises RecordError, and then holds none of them."""
        try:
            with self._database:
                self._database.execute("BEGIN")
                self._database.executemany(
                    "INSERT OR IGNORE INTO accepted VALUES (?)", ((line,) for line in lines)
                )
        except sqlite3.Error as error:
            raise _as_record_error(error, self._path) from None

    def _open(self) -> None:
        """Held by this process alone until it ends, whichever way."""
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("BEGIN EXCLUSIVE")
        for statement in _SCHEMA.strip().splitlines():
            self._database.execute(statement)

    def _require(self, identity: Identity) -> None:
        mine = (_FORMAT, identity.sha256, identity.queue)
        row = self._database.execute("SELECT format, sha256, queue, id FROM submission").fetchone()
        self.id: str = uuid.uuid4().hex if row is None else row[3]
        if row is None:
            self._database.execute("INSERT INTO submission VALUES (?, ?, ?, ?)", (*mine, self.id))
        elif row[:3] != mine:
            changed = "the file has changed since" if row[1] != mine[1] else "it went to another queue"
            raise RecordError(
                f"{self._path} records an earlier submission, and {changed}. "
                "To submit all of the file's lines, delete the record or choose another with --record."
            )
        self._database.execute("COMMIT")


def _as_record_error(error: sqlite3.Error, path: Path) -> RecordError:
    if error.sqlite_errorname == "SQLITE_BUSY":
        return RecordError(f"{path} is in use: another process is submitting this file.")
    if error.sqlite_errorname == "SQLITE_NOTADB":
        return RecordError(f"{path} is no record of a submission; choose another with --record.")
    return RecordError(f"{path} cannot be used as record: {error}.")
