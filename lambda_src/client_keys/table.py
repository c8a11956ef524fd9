"""Makes keys, and stores those of clients that exist for a while only; `chat-gateway clients` keeps all others."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from client_keys import item as client_item
from client_keys import key as client_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def new_key() -> str:
    """A key that nobody has yet."""
    return client_key.from_random(secrets.token_bytes(client_key.RANDOM_BYTES))


def store_temporary(
    dynamodb: DynamoDBClient, table: str, client_id: str, key: str, *, expires_at: int
) -> None:
    """Lets `client_id` in with `key` until `expires_at` (epoch seconds); DynamoDB deletes the item later."""
    dynamodb.put_item(
        TableName=table,
        Item={
            **client_item.of_key(key),
            client_item.CLIENT_ID: {"S": client_id},
            client_item.EXPIRY: {"N": str(expires_at)},
        },
        ConditionExpression=f"attribute_not_exists({client_item.HASH})",
    )


def delete(dynamodb: DynamoDBClient, table: str, key: str) -> None:
    """Deletes the item of `key`. API Gateway may let the key pass for as long as it caches."""
    dynamodb.delete_item(TableName=table, Key=client_item.of_key(key))
