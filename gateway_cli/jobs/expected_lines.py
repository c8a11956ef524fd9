"""The lines of a submission that have no answer yet, in a temporary file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from gateway_cli.jobs import scratch

_SCHEMA = """
CREATE TABLE missing (line INTEGER PRIMARY KEY, state INTEGER NOT NULL DEFAULT 0, custom_id BLOB);
CREATE INDEX states ON missing (state, line);
"""


class State(IntEnum):
    """Why a line has no answer in the file."""

    WAITING = 0
    DEAD_LETTER = 1  # until the job is sent back
    UNREADABLE = 2  # there is an answer, but it cannot be read


class ExpectedLines:
    """The lines without an answer. For one thread at a time."""

    def __init__(self, lines: Iterable[int]) -> None:
        self._database = scratch.database(_SCHEMA)
        self._database.executemany("INSERT INTO missing (line) VALUES (?)", ((line,) for line in lines))
        self.total = self.missing_count = self._count("SELECT count(*) FROM missing")

    def name(self, line: int, custom_id: str) -> None:
        """Stores the line's `custom_id`."""
        raw = custom_id.encode("utf-8", "surrogatepass")
        self._database.execute("UPDATE missing SET custom_id = ? WHERE line = ?", (raw, line))

    def arrived(self, line: int) -> None:
        """Removes the line: its answer is in the file."""
        self.missing_count -= self._database.execute("DELETE FROM missing WHERE line = ?", (line,)).rowcount

    def found(self, states: Mapping[int, State]) -> None:
        """Stores the states of those of these lines that are still without an answer."""
        self._database.executemany(
            "UPDATE missing SET state = ?1 WHERE line = ?2 AND state != ?1",
            ((state, line) for line, state in states.items()),
        )

    def to_read(self, *, after: int, limit: int) -> list[int]:
        """The next missing lines after line `after` that may have an answer now."""
        rows = self._database.execute(
            "SELECT line FROM missing WHERE line > ? AND state != ? ORDER BY line LIMIT ?",
            (after, State.UNREADABLE, limit),
        )
        return [line for (line,) in rows]

    def count(self, state: State) -> int:
        """The number of missing lines in this state."""
        return self._count("SELECT count(*) FROM missing WHERE state = ?", state)

    def custom_ids(self, state: State, *, limit: int) -> list[str]:
        """The custom_ids of the first `limit` missing lines in this state."""
        rows = self._database.execute(
            "SELECT custom_id FROM missing WHERE state = ? ORDER BY line LIMIT ?", (state, limit)
        )
        return [(raw or b"").decode("utf-8", "surrogatepass") for (raw,) in rows]

    def _count(self, query: str, *values: int) -> int:
        (count,) = self._database.execute(query, values).fetchone()
        return int(count)
