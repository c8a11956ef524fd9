"""The usage table on moto's DynamoDB, and items as the gateway writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from client_usage import item as usage_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "usage"


def create(dynamodb: DynamoDBClient) -> None:
    """Creates an empty usage table."""
    keys = {usage_item.PARTITION_KEY: "HASH", usage_item.SORT_KEY: "RANGE"}
    schema: Any = {
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in keys],
        "BillingMode": "PAY_PER_REQUEST",
    }
    dynamodb.create_table(TableName=TABLE, **schema)


def put_day(
    dynamodb: DynamoDBClient, day: str, client_id: str | None, models: dict[str, dict[str, int]]
) -> None:
    """Puts what a client used on a day: the measures of each model."""
    measures = {
        usage_item.attribute(measure, model): {"N": str(number)}
        for model, used in models.items()
        for measure, number in used.items()
    }
    names: Any = {usage_item.MODELS: {"SS": sorted(models)}} if models else {}
    dynamodb.put_item(TableName=TABLE, Item={**usage_item.of_day(day, client_id), **names, **measures})


def put_cost_of_month(dynamodb: DynamoDBClient, client_id: str, month: str, nano_usd: int) -> None:
    """Puts a client's counters with what it used of its budget in a month (YYYYMM)."""
    counters = {f"cost_mo_{month}": {"N": str(nano_usd)}, "version": {"N": "1"}}
    dynamodb.put_item(TableName=TABLE, Item={**usage_item.of_counters(client_id), **counters})
