"""The lines of a submission whose answers have not come, on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from gateway_cli.jobs import scratch

_SCHEMA = """
CREATE TABLE missing (line INTEGER PRIMARY KEY, state INTEGER NOT NULL DEFAULT 0, custom_id BLOB);
CREATE INDEX states ON missing (state, line);
"""


class State(IntEnum):
    """Why an answer has not come."""

    WAITING = 0
    DEAD_LETTER = 1  # unless somebody sends it back to work
    UNREADABLE = 2  # it lies where it cannot be read


class ExpectedLines:
    """Shrinks as answers come. For one thread at a time."""

    def __init__(self, lines: Iterable[int]) -> None:
        self._database = scratch.database(_SCHEMA)
        self._database.executemany("INSERT INTO missing (line) VALUES (?)", ((line,) for line in lines))
        self.total = self.missing_count = self._count("SELECT count(*) FROM missing")

    def name(self, line: int, custom_id: str) -> None:
        """Remembers what the line's sender calls it."""
        raw = custom_id.encode("utf-8", "surrogatepass")
        self._database.execute("UPDATE missing SET custom_id = ? WHERE line = ?", (raw, line))

    def arrived(self, line: int) -> None:
        """The line's answer is in the file."""
        self.missing_count -= self._database.execute("DELETE FROM missing WHERE line = ?", (line,)).rowcount

    def found(self, states: Mapping[int, State]) -> None:
        """Why the answers of these lines have not come, those that have come aside."""
        self._database.executemany(
            "UPDATE missing SET state = ?1 WHERE line = ?2 AND state != ?1",
            ((state, line) for line, state in states.items()),
        )

    def to_read(self, *, after: int, limit: int) -> list[int]:
        """The next missing lines beyond `after` whose answers may be there by now."""
        rows = self._database.execute(
            "SELECT line FROM missing WHERE line > ? AND state != ? ORDER BY line LIMIT ?",
            (after, State.UNREADABLE, limit),
        )
        return [line for (line,) in rows]

    def count(self, state: State) -> int:
        """How many are missing for this reason."""
        return self._count("SELECT count(*) FROM missing WHERE state = ?", state)

    def custom_ids(self, state: State, *, limit: int) -> list[str]:
        """Of the first that are missing for this reason."""
        rows = self._database.execute(
            "SELECT custom_id FROM missing WHERE state = ? ORDER BY line LIMIT ?", (state, limit)
        )
        return [(raw or b"").decode("utf-8", "surrogatepass") for (raw,) in rows]

    def _count(self, query: str, *values: int) -> int:
        (count,) = self._database.execute(query, values).fetchone()
        return int(count)
