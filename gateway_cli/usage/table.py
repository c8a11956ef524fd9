"""Reads the usage table: what each client used on a day, and a client's counters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from client_usage import item as usage_item
from client_usage.item import Item
from gateway_cli.jobs import aws_clients

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_dynamodb import DynamoDBClient

    from gateway_cli.stack_outputs import StackOutputs


class NoUsageTableError(Exception):
    """An earlier version deployed the stack."""

    def __init__(self) -> None:
        super().__init__("The stack has no usage table: deploy this version first.")


@dataclass(frozen=True, slots=True)
class ModelUsage:
    """What a client used of a model on a day. `measures` has the names in `client_usage.item`."""

    day: str
    client: str
    model: str
    measures: dict[str, int]


@dataclass(frozen=True, slots=True)
class UsageTable:
    """The usage table of one stack. Its methods raise botocore's errors."""

    dynamodb: DynamoDBClient
    name: str

    @classmethod
    def of(cls, session: boto3.Session, outputs: StackOutputs) -> UsageTable:
        """Raises NoUsageTableError."""
        if outputs.usage_table is None:
            raise NoUsageTableError
        return cls(aws_clients.dynamodb(session), outputs.usage_table)

    def of_day(self, day: date, client: str | None = None) -> Iterator[ModelUsage]:
        """What all clients, or one, used on the day."""
        for item in self._items(day, client):
            found = item[usage_item.SORT_KEY]["S"]
            for model, measures in usage_item.read(item).items():
                yield ModelUsage(str(day), found, model, measures)

    def cost_of_month(self, client: str, month: date) -> int:
        """What the client used of its budget in the month of that day, in billionths of a US dollar."""
        attribute = f"cost_mo_{month:%Y%m}"
        item = self.dynamodb.get_item(
            TableName=self.name,
            Key=usage_item.of_counters(client),
            ConsistentRead=True,
            ProjectionExpression="#cost",
            ExpressionAttributeNames={"#cost": attribute},
        ).get("Item", {})
        return int(item.get(attribute, {}).get("N", "0"))

    def _items(self, day: date, client: str | None) -> Iterator[Item]:
        condition, names = "#day = :day", {"#day": usage_item.PARTITION_KEY}
        values: dict[str, Any] = {":day": {"S": usage_item.day_partition(str(day))}}
        if client is not None:
            condition += " AND #client = :client"
            names["#client"] = usage_item.SORT_KEY
            values[":client"] = {"S": client}
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.name,
            ConsistentRead=True,
            KeyConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
        for page in pages:
            yield from page["Items"]
