"""The table of clients: an item for each key, with the hash of the key and the client's id."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from client_keys.key import EXPIRY, HASH, PREFIX, UNKNOWN_CLIENT, table_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_RANDOM_BYTES = 32  # cannot be guessed
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class InvalidClientIdError(ValueError):
    """A client's id does not fit into log lines and policies."""


def create(
    dynamodb: DynamoDBClient,
    table: str,
    client_id: str,
    *,
    key: str | None = None,
    expires_at: int | None = None,
) -> str:
    """A key for `client_id`, which may have others: a new one unless `key` is given. Raises InvalidClientIdError.

    From `expires_at` (epoch seconds) on, the authorizer denies it.
    """
    key = key or new_key()
    store(dynamodb, table, client_id, key, expires_at=expires_at)
    return key


def new_key() -> str:
    """A key that nobody has yet."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def store(
    dynamodb: DynamoDBClient, table: str, client_id: str, key: str, *, expires_at: int | None = None
) -> None:
    """Lets `client_id` in with `key`, until `expires_at` (epoch seconds) if given. Raises InvalidClientIdError."""
    if not _CLIENT_ID.fullmatch(client_id) or client_id == UNKNOWN_CLIENT:
        raise InvalidClientIdError(
            f"{client_id!r} is no client id: use 1 to 64 letters, digits, dots, hyphens and underscores."
        )
    created_at = datetime.now(UTC).isoformat(timespec="seconds")
    item = {**table_key(key), "client_id": {"S": client_id}, "created_at": {"S": created_at}}
    if expires_at is not None:
        item[EXPIRY] = {"N": str(expires_at)}
    dynamodb.put_item(TableName=table, Item=item, ConditionExpression=f"attribute_not_exists({HASH})")


def delete(dynamodb: DynamoDBClient, table: str, key: str) -> None:
    """Takes `key` away; API Gateway may let it pass for as long as it caches."""
    dynamodb.delete_item(TableName=table, Key=table_key(key))
