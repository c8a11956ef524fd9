"""The table of job records on moto's DynamoDB, with the gateway's own calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from chat_gateway.aws.json_client import AwsJsonPool
from tests.unit import moto_tables
from tests.unit.moto_calls import MotoCalls

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "job-records"


def created(dynamodb: DynamoDBClient) -> AwsJsonPool:
    """Creates the table; returns the calls that reach it."""
    moto_tables.create(dynamodb, TABLE, "job")
    return cast("AwsJsonPool", MotoCalls(dynamodb))
