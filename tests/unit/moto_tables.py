"""Tables on moto's DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def create(dynamodb: DynamoDBClient, name: str, partition_key: str, *sort_key: str) -> None:
    """Creates an empty table whose keys are texts."""
    keys = [(partition_key, "HASH"), *((key, "RANGE") for key in sort_key)]
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],  # type: ignore[typeddict-item]
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
