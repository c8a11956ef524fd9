"""Remembers on disk which lines of an input file a queue has accepted, so that submitting can be resumed."""

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
BUSY_S = 1  # how long to wait for another reader that opens or closes the record


class RecordError(Exception):
    """The record is another file's or queue's, in use, or none at all; the message says what to do."""


class RecordInUseError(RecordError):
    """A process is submitting the file."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a record belongs to: the input's content, and the queue as it was created."""

    sha256: str
    queue: str


def beside(file: Path, environment: str) -> Path:
    """Where the record of an input file is, unless someone says otherwise."""
    return file.with_name(f"{file.name}.{environment}.submitted")


class SubmissionRecord:
    """One submission's record; a line is in it for good when `add` returns. For one thread at a time.

    `id` is the submission's own, the same each time that it is resumed.
    """

    def __init__(self, path: Path, identity: Identity) -> None:
        """Raises RecordError."""
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
            raise as_record_error(error, self._path) from None

    def _open(self) -> None:
        """Held by this process alone until it ends, whichever way."""
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("BEGIN EXCLUSIVE")
        for statement in _SCHEMA.strip().splitlines():
            self._database.execute(statement)

    def _require(self, identity: Identity) -> None:
        found = _submission(self._database)
        if found is not None and _change(found[1], identity) and not self.count():
            self._database.execute("DELETE FROM submission")  # nothing was sent: it is nobody's record yet
            found = None
        self.id: str = uuid.uuid4().hex if found is None else found[0]
        if found is None:
            mine = (_FORMAT, identity.sha256, identity.queue, self.id)
            self._database.execute("INSERT INTO submission VALUES (?, ?, ?, ?)", mine)
        elif (changed := _change(found[1], identity)) is not None:
            raise RecordError(
                f"{self._path} records an earlier submission, and {changed}. "
                "To submit all of the file's lines, delete the record or choose another with --record."
            )
        self._database.execute("COMMIT")


@contextmanager
def read(path: Path, identity: Identity) -> Iterator[tuple[str, Iterator[int]]]:
    """The submission's id, and the lines that the queue has accepted, in order; they can be read in the block.

    Raises RecordError, and RecordInUseError while the file is being submitted.
    """
    if not path.exists():
        raise RecordError(
            f"{path} is not there: `jobs submit` writes it, and without it nobody knows which answers are this "
            "file's. Say with --record where it is."
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
        raise RecordError(f"{path} is no record of a submission; choose another with --record.")
    if (changed := _change(found[1], identity)) is not None:
        raise RecordError(f"{path} records another submission: {changed}.")
    return found[0]


def _opened_to_read(path: Path) -> sqlite3.Connection:
    # What a killed process left beside the file is taken into it, which needs leave to write.
    is_final = not path.with_name(f"{path.name}-wal").exists() and not os.access(path.parent, os.W_OK)
    url = f"{path.absolute().as_uri()}?{'mode=ro&immutable=1' if is_final else 'mode=rw'}"
    return sqlite3.connect(url, uri=True, timeout=BUSY_S, isolation_level=None)


def _submission(database: sqlite3.Connection) -> tuple[str, tuple[int, str, str]] | None:
    """The submission's id, and what the record belongs to."""
    row = database.execute("SELECT id, format, sha256, queue FROM submission").fetchone()
    return None if row is None else (row[0], row[1:])


def _change(recorded: tuple[int, str, str], identity: Identity) -> str | None:
    if recorded == (_FORMAT, identity.sha256, identity.queue):
        return None
    return "the file has changed since" if recorded[1] != identity.sha256 else "it went to another queue"


def _require_regular(path: Path) -> None:
    if regular_files.is_other(path):
        raise RecordError(f"{path} cannot be used as record: it is no regular file.")


def as_record_error(error: sqlite3.Error, path: Path) -> RecordError:
    if error.sqlite_errorname == "SQLITE_BUSY":
        return RecordInUseError(f"{path} is in use: another process is submitting this file.")
    if error.sqlite_errorname == "SQLITE_NOTADB":
        return RecordError(f"{path} is no record of a submission; choose another with --record.")
    return RecordError(
        f"{path} cannot be used as record: {error}. Its folder has to be writable; a copy can be named with --record."
    )
