"""The custom_ids that results are awaited for, on disk."""

from __future__ import annotations

from collections.abc import Iterable

from gateway_cli.jobs import scratch

_SCHEMA = "CREATE TABLE expected (custom_id BLOB PRIMARY KEY) WITHOUT ROWID;"


class ExpectedIds:
    """Shrinks as results come. For one thread at a time."""

    def __init__(self, custom_ids: Iterable[str]) -> None:
        self._missing = scratch.database(_SCHEMA)
        self._missing.executemany(
            "INSERT OR IGNORE INTO expected VALUES (?)", ((scratch.digest(id_),) for id_ in custom_ids)
        )
        (self.missing_count,) = self._missing.execute("SELECT count(*) FROM expected").fetchone()
        self.total: int = self.missing_count

    def arrived(self, custom_id: str | None) -> None:
        """There is a result for `custom_id`."""
        if custom_id is not None:
            key = (scratch.digest(custom_id),)
            self.missing_count -= self._missing.execute(
                "DELETE FROM expected WHERE custom_id = ?", key
            ).rowcount
