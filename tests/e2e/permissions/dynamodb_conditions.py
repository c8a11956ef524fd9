"""Condition keys of DynamoDB that our policies use and the emulator does not set.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

LEADING_KEYS, ATTRIBUTES, RETURN_VALUES = (
    "dynamodb:LeadingKeys",
    "dynamodb:Attributes",
    "dynamodb:ReturnValues",
)
# The leading key of a request whose keys are not read here. No policy allows it, so such a request is refused.
NOT_READ = "(not read)"

_EXPRESSIONS = (
    "UpdateExpression",
    "ConditionExpression",
    "ProjectionExpression",
    "FilterExpression",
    "KeyConditionExpression",
)
# The first name of each path: `#a.b[0]` names `#a`. Values and the rest of a path are skipped.
_NAME = re.compile(r"(?<![\w:#.])#?[A-Za-z_]\w*(?!\w*\s*\()")
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
_WORDS = {"set", "remove", "add", "delete", "and", "or", "not", "between", "in"}

PartitionKey = Callable[[str], str | None]


class _Addressed(NamedTuple):
    """What a request says of one item: its table, and its key or the whole item."""

    table: str
    attributes: Mapping[str, Any]


def of_request(request: Mapping[str, Any], partition_key: PartitionKey) -> dict[str, Any]:
    """The condition keys of a request. `partition_key` gives the name of a table's partition key."""
    parts = list(_parts(request))
    leading = [_leading_key(item, partition_key) for part in parts for item in _items(part)]
    attributes = {name for part in parts for name in _names(part)}
    values = next((part["ReturnValues"] for part in parts if "ReturnValues" in part), None)
    return {
        LEADING_KEYS: leading or [NOT_READ],
        **({ATTRIBUTES: sorted(attributes)} if attributes else {}),
        **({} if values is None else {RETURN_VALUES: values}),
    }


def _parts(request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The request, or what it has instead: the parts of a transaction, or of a batch for each table."""
    if "TransactItems" in request:
        for item in request["TransactItems"]:
            yield from item.values()
    elif "RequestItems" in request:
        for table, part in request["RequestItems"].items():
            yield from _batch_parts(table, part)
    else:
        yield request


def _batch_parts(table: str, part: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(part, Mapping):  # BatchGetItem
        for key in part.get("Keys", []):
            yield {**part, "TableName": table, "Key": key}
    else:  # BatchWriteItem
        for write in part:
            yield from ({**change, "TableName": table} for change in write.values())


def _items(part: Mapping[str, Any]) -> Iterator[_Addressed]:
    for name in ("Key", "Item"):
        if isinstance(part.get(name), Mapping):
            yield _Addressed(str(part.get("TableName")), part[name])


def _leading_key(item: _Addressed, partition_key: PartitionKey) -> str:
    name = partition_key(item.table)
    value = item.attributes.get(name) if name is not None else None
    return str(next(iter(value.values()))) if isinstance(value, Mapping) and value else NOT_READ


def _names(part: Mapping[str, Any]) -> Iterator[str]:
    """The top-level attributes that the request names."""
    for item in _items(part):
        yield from item.attributes
    placeholders = part.get("ExpressionAttributeNames") or {}
    for expression in _EXPRESSIONS:
        for name in _NAME.findall(part.get(expression) or ""):
            if name.lower() not in _WORDS:
                yield placeholders.get(name, name)
