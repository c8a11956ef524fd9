"""What the table of clients holds, and items as other versions write them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tests.unit import clients_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Items = dict[str, dict[str, Any]]


def items(dynamodb: DynamoDBClient) -> Items:
    """Every item of the table, by its partition key."""
    return {item["key_sha256"]["S"]: item for item in clients_table.items(dynamodb)}


def of_key(dynamodb: DynamoDBClient, key: str) -> dict[str, Any]:
    """The item of that key."""
    return items(dynamodb)[sha256(key)]


def sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def put(dynamodb: DynamoDBClient, hash_: str, client_id: str, **attributes: Any) -> None:
    """Puts an item, as another version or a person may have left it."""
    item = {"key_sha256": {"S": hash_}, "client_id": {"S": client_id}, **attributes}
    dynamodb.put_item(TableName=clients_table.TABLE, Item=item)


def put_legacy(dynamodb: DynamoDBClient, client_id: str, keys: int = 1) -> list[str]:
    """Puts a client as earlier versions made it: keys, and no item of its own. The hashes, the oldest first."""
    hashes = [sha256(f"{client_id}-{number}") for number in range(keys)]
    for day, hash_ in enumerate(hashes, start=1):
        put(dynamodb, hash_, client_id, created_at={"S": f"2026-01-{day:02}T00:00:00+00:00"})
    return hashes
