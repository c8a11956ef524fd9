"""Temporary SQLite databases for data that does not fit into memory."""

from __future__ import annotations

import hashlib
import sqlite3

_DIGEST_BYTES = 16
_CACHE_KIB = 4096


def database(schema: str) -> sqlite3.Connection:
    """A database in a temporary file, with at most a few MiB in memory. For one thread at a time."""
    # https://www.sqlite.org/inmemorydb.html#temp_db
    connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    connection.execute("PRAGMA journal_mode=OFF")
    connection.executescript(schema)
    connection.execute("BEGIN")
    return connection


def digest(text: str | bytes) -> bytes:
    """A hash of `text`, of 16 bytes."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(raw, digest_size=_DIGEST_BYTES).digest()
