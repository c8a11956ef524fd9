"""A temporary client is stored by the hash of its key, with its expiry."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from client_keys import item as client_item
from client_keys import key as client_key
from client_keys import table
from tests.unit.clients_table import TABLE, items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EXPIRES_AT = 1_900_000_000


def test_new_keys_are_well_formed_and_differ() -> None:
    """Each new key has the form of a key, and no two are the same."""
    keys = {table.new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(client_key.is_well_formed(key) for key in keys)


def test_temporary_client_is_found_by_its_key(dynamodb: DynamoDBClient) -> None:
    """The item has the key's SHA-256, the client's id and the expiry, and nothing else."""
    key = table.new_key()
    table.store_temporary(dynamodb, TABLE, "prove", key, expires_at=EXPIRES_AT)
    item = dynamodb.get_item(TableName=TABLE, Key=client_item.of_key(key))["Item"]
    assert item == {
        "key_sha256": {"S": hashlib.sha256(key.encode()).hexdigest()},
        "client_id": {"S": "prove"},
        "expires_at": {"N": str(EXPIRES_AT)},
    }


def test_temporary_client_expires(dynamodb: DynamoDBClient) -> None:
    """The authorizer's rule denies the stored item from its expiry on."""
    table.store_temporary(dynamodb, TABLE, "prove", table.new_key(), expires_at=EXPIRES_AT)
    (item,) = items(dynamodb)
    assert not client_item.has_expired(item, EXPIRES_AT - 1)
    assert client_item.has_expired(item, EXPIRES_AT)


def test_a_stored_key_is_not_overwritten(dynamodb: DynamoDBClient) -> None:
    """A key that belongs to a client cannot become another client's."""
    key = table.new_key()
    table.store_temporary(dynamodb, TABLE, "prove", key, expires_at=EXPIRES_AT)
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        table.store_temporary(dynamodb, TABLE, "other", key, expires_at=EXPIRES_AT)
    assert [item["client_id"] for item in items(dynamodb)] == [{"S": "prove"}]


def test_deleted_key_is_gone_alone(dynamodb: DynamoDBClient) -> None:
    """Deleting one key leaves the others."""
    kept, deleted = table.new_key(), table.new_key()
    for key in (kept, deleted):
        table.store_temporary(dynamodb, TABLE, "prove", key, expires_at=EXPIRES_AT)
    table.delete(dynamodb, TABLE, deleted)
    (item,) = items(dynamodb)
    assert item["key_sha256"] == client_item.of_key(kept)["key_sha256"]
