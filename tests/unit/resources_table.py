"""The table of files, uploads and batches on moto's DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resource_items import table
from tests.unit import moto_tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "resources"


def create(dynamodb: DynamoDBClient, name: str = TABLE) -> None:
    """Creates an empty table."""
    moto_tables.create(dynamodb, name, table.OWNER, table.ID)


def item(dynamodb: DynamoDBClient, key: dict[str, Any], name: str = TABLE) -> dict[str, Any]:
    """The item; empty if there is none."""
    return dict(dynamodb.get_item(TableName=name, Key=key).get("Item", {}))
