"""Stores on disk which lines of an input file the queue has accepted, so that a submission can be resumed."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
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
BUSY_S = 1  # timeout for another reader that opens or closes the record


class RecordError(Exception):
    """The record is in use, missing, not a record, or of another file or queue. The message says what to do."""


class RecordInUseError(RecordError):
    """Another process is submitting the file."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The input file's content and the queue that a record belongs to."""

    sha256: str
    queue: str


def beside(file: Path, environment: str) -> Path:
    """The default path of an input file's record."""
    return file.with_name(f"{file.name}.{environment}.submitted")


class SubmissionRecord:
    """The record of one submission. Lines are on disk when `add` returns. For one thread at a time.

    `id` is the submission's id. It stays the same when the submission is resumed.
    """

    def __init__(self, path: Path, identity: Identity) -> None:
        """Opens the record, or creates it. Raises RecordError."""
        self._path = path
        _require_regular(path)
        try:
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise as_record_error(error, path) from None
        with ExitStack() as opened:
            opened.callback(self._database.close)
            try:
                self._open()
                self._require(identity)
            except sqlite3.Error as error:
                raise as_record_error(error, path) from None
            opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._database.close()

    def count(self) -> int:
        """The number of accepted lines."""
        (count,) = self._database.execute("SELECT count(*) FROM accepted").fetchone()
        return int(count)

    def has(self, line: int) -> bool:
        """Whether the line was accepted."""
        return self._database.execute("SELECT 1 FROM accepted WHERE line = ?", (line,)).fetchone() is not None

    def add(self, lines: Iterable[int]) -> None:
        """Writes the lines to disk. Raises RecordError; then none of the lines is in the record."""
        try:
            with self._database:
                self._database.execute("BEGIN")
                self._database.executemany(
                    "INSERT OR IGNORE INTO accepted VALUES (?)", ((line,) for line in lines)
                )
        except sqlite3.Error as error:
            raise as_record_error(error, self._path) from None

    def _open(self) -> None:
        """Opens and locks the record. The lock ends with this process."""
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("BEGIN EXCLUSIVE")
        for statement in _SCHEMA.strip().splitlines():
            self._database.execute(statement)

    def _require(self, identity: Identity) -> None:
        found = _submission(self._database)
        if found is not None and _change(found[1], identity) and not self.count():
            self._database.execute(
                "DELETE FROM submission"
            )  # no line was sent, so the record may be used again
            found = None
        self.id: str = uuid.uuid4().hex if found is None else found[0]
        if found is None:
            mine = (_FORMAT, identity.sha256, identity.queue, self.id)
            self._database.execute("INSERT INTO submission VALUES (?, ?, ?, ?)", mine)
        elif (changed := _change(found[1], identity)) is not None:
            raise RecordError(
                f"{self._path} records an earlier submission, and {changed}. "
                "To submit all lines of the file, delete the record or choose another one with --record."
            )
        self._database.execute("COMMIT")


@contextmanager
def read(path: Path, identity: Identity) -> Iterator[tuple[str, Iterator[int]]]:
    """The submission's id, and the accepted lines in order. The lines can be read only within the block.

    Raises RecordError, and RecordInUseError while another process submits the file.
    """
    if not path.exists():
        raise RecordError(
            f"{path} does not exist. `jobs submit` writes this record, which is needed to find the file's results. "
            "Use --record if the record has another path."
        )
    _require_regular(path)
    with ExitStack() as opened:
        try:
            database = opened.enter_context(closing(_opened_to_read(path)))
            id_ = _read_id(database, path, identity)
            lines = database.execute("SELECT line FROM accepted ORDER BY line")
        except sqlite3.Error as error:
            raise as_record_error(error, path) from None
        yield id_, (line for (line,) in lines)


def _read_id(database: sqlite3.Connection, path: Path, identity: Identity) -> str:
    found = _submission(database)
    if found is None:
        raise RecordError(f"{path} is not a submission's record. Choose another one with --record.")
    if (changed := _change(found[1], identity)) is not None:
        raise RecordError(f"{path} records another submission: {changed}.")
    return found[0]


def _opened_to_read(path: Path) -> sqlite3.Connection:
    # A killed process may leave a -wal file. SQLite merges that file into the record, which needs write permission.
    is_final = not path.with_name(f"{path.name}-wal").exists() and not os.access(path.parent, os.W_OK)
    url = f"{path.absolute().as_uri()}?{'mode=ro&immutable=1' if is_final else 'mode=rw'}"
    return sqlite3.connect(url, uri=True, timeout=BUSY_S, isolation_level=None)


def _submission(database: sqlite3.Connection) -> tuple[str, tuple[int, str, str]] | None:
    """The submission's id, and the record's format, SHA-256 and queue."""
    row = database.execute("SELECT id, format, sha256, queue FROM submission").fetchone()
    return None if row is None else (row[0], row[1:])


def _change(recorded: tuple[int, str, str], identity: Identity) -> str | None:
    if recorded == (_FORMAT, identity.sha256, identity.queue):
        return None
    return "the file has changed since" if recorded[1] != identity.sha256 else "it was sent to another queue"


def _require_regular(path: Path) -> None:
    if regular_files.is_other(path):
        raise RecordError(f"{path} cannot be used as the record: it is not a regular file.")


def as_record_error(error: sqlite3.Error, path: Path) -> RecordError:
    if error.sqlite_errorname == "SQLITE_BUSY":
        return RecordInUseError(f"{path} is in use: another process is submitting this file.")
    if error.sqlite_errorname == "SQLITE_NOTADB":
        return RecordError(f"{path} is not a submission's record. Choose another one with --record.")
    return RecordError(
        f"{path} cannot be used as the record: {error}. Its folder must be writable. Use --record for another path."
    )
