"""The table of clients on moto's DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "clients"


def create(dynamodb: DynamoDBClient) -> None:
    """An empty one."""
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "key_sha256", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key_sha256", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
