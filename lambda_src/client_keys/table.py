"""Makes keys, and stores those of clients that exist for a while only; `chat-gateway clients` keeps all others."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from client_keys import item as client_item
from client_keys import key as client_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A client that somebody created has no expiry of this kind.
_IS_TEMPORARY = "attribute_exists(#expiry) AND #client = :client"
_NAMES = {"#expiry": client_item.EXPIRY, "#client": client_item.CLIENT_ID}


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


def store_temporary_role(
    dynamodb: DynamoDBClient, table: str, client_id: str, arn: str, *, expires_at: int
) -> bool:
    """Lets `client_id` in with the role's signature until `expires_at`. False, and no change, if the role is a client's.

    An item that an earlier proof has left behind is replaced.
    """
    item = {**client_item.of_role(arn), client_item.CLIENT_ID: {"S": client_id}, client_item.ROLE: {"S": arn}}
    try:
        dynamodb.put_item(
            TableName=table,
            Item={**item, client_item.EXPIRY: {"N": str(expires_at)}},
            ConditionExpression=f"attribute_not_exists(#hash) OR {_IS_TEMPORARY}",
            ExpressionAttributeNames={"#hash": client_item.HASH, **_NAMES},
            ExpressionAttributeValues={":client": {"S": client_id}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def delete_temporary_role(dynamodb: DynamoDBClient, table: str, client_id: str, arn: str) -> None:
    """Deletes what `store_temporary_role` stored, and nothing else."""
    with suppress(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.delete_item(
            TableName=table,
            Key=client_item.of_role(arn),
            ConditionExpression=_IS_TEMPORARY,
            ExpressionAttributeNames=_NAMES,
            ExpressionAttributeValues={":client": {"S": client_id}},
        )


def delete(dynamodb: DynamoDBClient, table: str, key: str) -> None:
    """Deletes the item of `key`. API Gateway may let the key pass for as long as it caches."""
    dynamodb.delete_item(TableName=table, Key=client_item.of_key(key))
