"""A client is stored and found by the hash of its key."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from client_keys import table
from client_keys.key import table_key
from client_keys.table import InvalidClientIdError
from tests.unit.clients_table import TABLE, items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def test_created_client_is_found_by_its_key(dynamodb: DynamoDBClient) -> None:
    """The item has the key's SHA-256, the client's ID and its creation time, and nothing else."""
    key = table.create(dynamodb, TABLE, "team-a")
    item = dynamodb.get_item(TableName=TABLE, Key=table_key(key))["Item"]
    assert item.keys() == {"key_sha256", "client_id", "created_at"}
    assert item["key_sha256"] == {"S": hashlib.sha256(key.encode()).hexdigest()}
    assert item["client_id"] == {"S": "team-a"}


def test_created_client_never_expires(dynamodb: DynamoDBClient) -> None:
    """An operator's client has no `expires_at` unless one was requested."""
    table.create(dynamodb, TABLE, "team-a")
    (item,) = items(dynamodb)
    assert "expires_at" not in item


def test_created_client_expires_when_asked(dynamodb: DynamoDBClient) -> None:
    """`expires_at` is a DynamoDB number, as the table's TTL and the authorizer need it."""
    table.create(dynamodb, TABLE, "team-a", expires_at=1_900_000_000)
    assert items(dynamodb)[0]["expires_at"] == {"N": "1900000000"}


def test_deleted_client_is_gone_alone(dynamodb: DynamoDBClient) -> None:
    """A client may have several keys; deleting one key leaves the others."""
    kept, deleted = (table.create(dynamodb, TABLE, "team-a") for _ in range(2))
    table.delete(dynamodb, TABLE, deleted)
    (item,) = items(dynamodb)
    assert item["key_sha256"] == table_key(kept)["key_sha256"]


@pytest.mark.parametrize("client_id", ["", "unknown", "-a", "a b", "a" * 65, "té"])
def test_unusable_client_id_is_refused(dynamodb: DynamoDBClient, client_id: str) -> None:
    """An id that does not fit into logs and policies, or means nobody, is stored nowhere."""
    with pytest.raises(InvalidClientIdError, match="is not a valid client id"):
        table.create(dynamodb, TABLE, client_id)
    assert items(dynamodb) == []
