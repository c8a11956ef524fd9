"""The owner of files, uploads and batches: a client as one `clients create` made it.

A client that was deleted and created again has the same id and another generation. So it sees nothing of its predecessor, also
nothing that was written while the predecessor was being deleted.
"""

from __future__ import annotations

# No client's id has it: client_keys.policy.CLIENT_ID.
_SEPARATOR = "/"


def owner(client: str, generation: str) -> str:
    """The owner as the table's keys and the bucket's keys have it. Clients of earlier versions have an empty generation."""
    return f"{client}{_SEPARATOR}{generation}" if generation else client


def client_of(owner: str) -> str:
    """The owner's client id."""
    return owner.partition(_SEPARATOR)[0]


def generation_of(owner: str) -> str:
    """The owner's generation; empty for a client of an earlier version."""
    return owner.partition(_SEPARATOR)[2]
