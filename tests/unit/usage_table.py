"""The table of counters and usage on moto's DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from client_usage import item as usage_item
from tests.unit import moto_tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "usage"


def create(dynamodb: DynamoDBClient, name: str = TABLE) -> None:
    """Creates an empty table."""
    moto_tables.create(dynamodb, name, usage_item.PARTITION_KEY, usage_item.SORT_KEY)


def counters(dynamodb: DynamoDBClient, client_id: str, name: str = TABLE) -> dict[str, Any]:
    """The client's item of counters; empty if there is none."""
    return dict(dynamodb.get_item(TableName=name, Key=usage_item.of_counters(client_id)).get("Item", {}))


def used(
    dynamodb: DynamoDBClient, day: str, client_id: str | None, name: str = TABLE
) -> dict[str, dict[str, int]]:
    """What the client used on the day, by model."""
    item = dynamodb.get_item(TableName=name, Key=usage_item.of_day(day, client_id)).get("Item", {})
    return usage_item.read(dict(item))


def put_day(
    dynamodb: DynamoDBClient,
    day: str,
    client_id: str | None,
    models: dict[str, dict[str, int]],
    name: str = TABLE,
) -> None:
    """Puts what a client used on a day: the measures of each model."""
    measures = {
        usage_item.attribute(measure, model): {"N": str(number)}
        for model, used in models.items()
        for measure, number in used.items()
    }
    names: Any = {usage_item.MODELS: {"SS": sorted(models)}} if models else {}
    dynamodb.put_item(TableName=name, Item={**usage_item.of_day(day, client_id), **names, **measures})


def put_cost_of_month(
    dynamodb: DynamoDBClient, client_id: str, month: str, nano_usd: int, name: str = TABLE
) -> None:
    """Puts a client's counters with what it used of its budget in a month (YYYYMM)."""
    counters = {f"cost_mo_{month}": {"N": str(nano_usd)}}
    dynamodb.put_item(TableName=name, Item={**usage_item.of_counters(client_id), **counters})
