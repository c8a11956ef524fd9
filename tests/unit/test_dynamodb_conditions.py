"""The condition keys of DynamoDB that the check of permissions adds to the emulator's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.permissions.dynamodb_conditions import (
    ATTRIBUTES,
    LEADING_KEYS,
    NOT_READ,
    RETURN_VALUES,
    of_request,
)

ITEM: dict[str, Any] = {"pk": {"S": "a"}, "sk": {"S": "b"}}


def conditions(**request: Any) -> dict[str, Any]:
    """The keys of a request on a table whose partition key is `pk`."""
    return of_request(request, lambda table: "pk" if table == "t" else None)


@pytest.mark.parametrize(
    ("request_", "leading"),
    [
        ({"TableName": "t", "Key": ITEM}, ["a"]),
        ({"TableName": "t", "Item": ITEM}, ["a"]),
        ({"RequestItems": {"t": {"Keys": [ITEM, {"pk": {"S": "c"}}]}}}, ["a", "c"]),
        (
            {"RequestItems": {"t": [{"PutRequest": {"Item": ITEM}}, {"DeleteRequest": {"Key": ITEM}}]}},
            ["a", "a"],
        ),
        ({"TransactItems": [{"Update": {"TableName": "t", "Key": ITEM}}]}, ["a"]),
        ({"TableName": "other", "Key": ITEM}, [NOT_READ]),
        ({"TableName": "t", "KeyConditionExpression": "pk = :k"}, [NOT_READ]),
    ],
)
def test_leading_keys(request_: dict[str, Any], leading: list[str]) -> None:
    """Each item's partition key is a leading key. What is not read is refused by each condition."""
    assert conditions(**request_)[LEADING_KEYS] == leading


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("SET a = :b", ["a"]),
        ("SET #p.x[0] = if_not_exists(#p.x, :y), b = b + :c", ["b", "placed"]),
        ("ADD a :n REMOVE c.d DELETE e :s", ["a", "c", "e"]),
        ("attribute_exists(a) AND NOT (b BETWEEN :x AND :y OR size(c) IN (:z))", ["a", "b", "c"]),
    ],
)
def test_attributes(expression: str, names: list[str]) -> None:
    """The top-level attributes of expressions and of the key are the request's attributes."""
    found = conditions(
        TableName="t",
        Key={"pk": {"S": "a"}},
        UpdateExpression=expression,
        ExpressionAttributeNames={"#p": "placed"},
    )
    assert found[ATTRIBUTES] == sorted(["pk", *names])


def test_returned_values() -> None:
    """ReturnValues is a condition key, and is not set if the request does not name it."""
    assert conditions(TableName="t", Key=ITEM, ReturnValues="ALL_OLD")[RETURN_VALUES] == "ALL_OLD"
    assert RETURN_VALUES not in conditions(TableName="t", Key=ITEM)
