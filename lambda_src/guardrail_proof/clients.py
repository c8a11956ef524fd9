"""Clients of a deployed gateway: the table holds SHA-256 hashes of their keys, never a key."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import UTC, datetime

import boto3

# A prefix of its own lets secret scanners find a leaked key; 32 random bytes cannot be guessed.
_PREFIX = "bcg-"
_RANDOM_BYTES = 32
_NOBODY = "unknown"  # what the authorizer calls whoever it does not know
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class InvalidClientIdError(ValueError):
    """A client's id does not fit into log lines and policies."""


def create(session: boto3.Session, table: str, client_id: str) -> str:
    """A new key for `client_id`, which may have others; it cannot be read again. Raises InvalidClientIdError."""
    if not _CLIENT_ID.fullmatch(client_id) or client_id == _NOBODY:
        raise InvalidClientIdError(
            f"{client_id!r} is no client id: use 1 to 64 letters, digits, dots, hyphens and underscores."
        )
    key = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    session.client("dynamodb").put_item(
        TableName=table,
        Item={
            "key_sha256": {"S": _hash(key)},
            "client_id": {"S": client_id},
            "created_at": {"S": datetime.now(UTC).isoformat(timespec="seconds")},
        },
        ConditionExpression="attribute_not_exists(key_sha256)",
    )
    return key


def delete(session: boto3.Session, table: str, key: str) -> None:
    """Takes `key` away; API Gateway may let it pass for as long as it caches."""
    session.client("dynamodb").delete_item(TableName=table, Key={"key_sha256": {"S": _hash(key)}})


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
