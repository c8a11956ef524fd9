"""The table of clients on moto's DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from tests.unit import moto_clients, moto_tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "clients"


@contextmanager
def empty(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    """A DynamoDB with an empty table of clients, without the developer's own AWS settings."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        dynamodb = moto_clients.dynamodb()
        create(dynamodb)
        yield dynamodb


def create(dynamodb: DynamoDBClient) -> None:
    """Creates an empty table of clients."""
    moto_tables.create(dynamodb, TABLE, "key_sha256")


def items(dynamodb: DynamoDBClient) -> list[dict[str, Any]]:
    """The clients in the table."""
    return list(dynamodb.scan(TableName=TABLE)["Items"])
