"""Writes the table of clients, which has an item for each key with the key's hash and the client's id."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from client_keys.key import EXPIRY, HASH, PREFIX, UNKNOWN_CLIENT, table_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_RANDOM_BYTES = 32
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class InvalidClientIdError(ValueError):
    """A client id has characters or a length that log lines and policies do not allow."""


def create(
    dynamodb: DynamoDBClient,
    table: str,
    client_id: str,
    *,
    key: str | None = None,
    expires_at: int | None = None,
) -> str:
    """Stores a key for `client_id` and returns the key; a new one unless `key` is given. A client may have several keys.

    From `expires_at` (epoch seconds) on, the authorizer denies the key. Raises InvalidClientIdError.
    """
    key = key or new_key()
    store(dynamodb, table, client_id, key, expires_at=expires_at)
    return key


def new_key() -> str:
    """A new random key."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def store(
    dynamodb: DynamoDBClient, table: str, client_id: str, key: str, *, expires_at: int | None = None
) -> None:
    """Stores `key` for `client_id`, valid until `expires_at` (epoch seconds) if given. Raises InvalidClientIdError."""
    if not _CLIENT_ID.fullmatch(client_id) or client_id == UNKNOWN_CLIENT:
        raise InvalidClientIdError(
            f"{client_id!r} is not a valid client id: use 1 to 64 letters, digits, dots, hyphens and underscores."
        )
    created_at = datetime.now(UTC).isoformat(timespec="seconds")
    item = {**table_key(key), "client_id": {"S": client_id}, "created_at": {"S": created_at}}
    if expires_at is not None:
        item[EXPIRY] = {"N": str(expires_at)}
    dynamodb.put_item(TableName=table, Item=item, ConditionExpression=f"attribute_not_exists({HASH})")


def delete(dynamodb: DynamoDBClient, table: str, key: str) -> None:
    """Deletes `key`. API Gateway may accept the key until its cached policy expires."""
    dynamodb.delete_item(TableName=table, Key=table_key(key))
