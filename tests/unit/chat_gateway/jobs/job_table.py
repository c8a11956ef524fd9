"""The table of job records on moto's DynamoDB, with the gateway's own calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from chat_gateway.aws.json_client import AwsJsonPool
from tests.unit.moto_calls import MotoCalls

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "job-records"


def created(dynamodb: DynamoDBClient) -> AwsJsonPool:
    """Creates the table; returns the calls that reach it."""
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "job", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "job", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return cast("AwsJsonPool", MotoCalls(dynamodb))
