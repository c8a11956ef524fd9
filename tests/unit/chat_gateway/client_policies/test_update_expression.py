"""Updates of DynamoDB and their conditions act as their methods say."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies.update_expression import Update
from client_usage import item as usage_item
from tests.unit import usage_table
from tests.unit.moto_calls import MotoCalls

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = usage_item.of_counters("team-a")
ODD = "a.b#c:d-[0] é"
ITEM: dict[str, Any] = {"n": {"N": "5"}, "map": {"M": {"x": {"N": "1"}}}, "set": {"SS": ["p", "q"]}}


def put(dynamodb: DynamoDBClient, item: dict[str, Any]) -> None:
    dynamodb.put_item(TableName=usage_table.TABLE, Item={**KEY, **item})


def done(dynamodb: DynamoDBClient, update: Update) -> dict[str, Any] | None:
    """The item's attributes after the update; None if its condition did not hold."""
    try:
        MotoCalls(dynamodb).call(
            "UpdateItem", {"TableName": usage_table.TABLE, "Key": KEY, **update.parameters()}
        )
    except AwsCallError as error:
        if error.code != "ConditionalCheckFailedException":
            raise
        return None
    return {
        name: value for name, value in usage_table.counters(dynamodb, "team-a").items() if name not in KEY
    }


Require = Callable[[Update], None]


@pytest.mark.parametrize(
    ("require", "item", "holds"),
    [
        (lambda u: u.require_present("n"), ITEM, True),
        (lambda u: u.require_present("n"), {}, False),
        (lambda u: u.require_present(("map", "x")), ITEM, True),
        (lambda u: u.require_present(("map", "y")), ITEM, False),
        (lambda u: u.require_present(("map", "x")), {}, False),
        (lambda u: u.require_absent("n"), ITEM, False),
        (lambda u: u.require_absent("n"), {}, True),
        (lambda u: u.require_absent(("map", "x")), ITEM, False),
        (lambda u: u.require_absent(("map", "y")), ITEM, True),
        (lambda u: u.require_absent(("map", "x")), {}, True),
        (lambda u: u.require_at_most("n", 5), ITEM, True),
        (lambda u: u.require_at_most("n", 4), ITEM, False),
        (lambda u: u.require_at_most("n", -1), {}, True),
        (lambda u: u.require_fewer("map", 2), ITEM, True),
        (lambda u: u.require_fewer("map", 1), ITEM, False),
        (lambda u: u.require_fewer("map", 1), {"map": {"M": {}}}, True),
        (lambda u: u.require_fewer("map", 1), {}, False),
        (lambda u: u.require_equal("map", ITEM["map"]), ITEM, True),
        (lambda u: u.require_equal("map", {"M": {}}), ITEM, False),
        (lambda u: u.require_equal("map", {"M": {"x": {"N": "2"}}}), ITEM, False),
        (lambda u: u.require_equal("map", {"M": {}}), {}, False),
        (lambda u: u.require_member_or_fewer("set", "p", 2), ITEM, True),
        (lambda u: u.require_member_or_fewer("set", "r", 2), ITEM, False),
        (lambda u: u.require_member_or_fewer("set", "r", 3), ITEM, True),
        (lambda u: u.require_member_or_fewer("set", "r", 0), {}, True),
    ],
)
def test_conditions(dynamodb: DynamoDBClient, require: Require, item: dict[str, Any], holds: bool) -> None:
    """A condition holds or fails as its method says, also where the item, the map or the set is missing."""
    if item:
        put(dynamodb, item)
    update = Update()
    update.set("done", {"S": "yes"})
    require(update)
    assert done(dynamodb, update) == ({**item, "done": {"S": "yes"}} if holds else None)


def test_all_conditions_must_hold(dynamodb: DynamoDBClient) -> None:
    """One condition that fails is enough, whatever alternatives the others have."""
    put(dynamodb, ITEM)
    for bounds in ((4, 9), (9, 4)):
        update = Update()
        update.set("done", {"S": "yes"})
        for bound in bounds:
            update.require_at_most("n", bound)
        assert done(dynamodb, update) is None


def test_changes(dynamodb: DynamoDBClient) -> None:
    """Numbers, sets, attributes and entries change together."""
    put(dynamodb, {**ITEM, "old": {"N": "1"}})
    update = Update()
    update.add({"n": -7, "new": 3})
    update.add_to_set("set", "r")
    update.add_to_set("other set", "r")
    update.set(("map", ODD), {"N": "2"})
    update.set("text", {"S": "x"})
    update.remove("old", ("map", "x"), ("map", "none"), "none")
    changed = done(dynamodb, update)
    assert changed is not None
    assert set(changed.pop("set")["SS"]) == {"p", "q", "r"}
    assert changed == {
        "n": {"N": "-2"},
        "new": {"N": "3"},
        "other set": {"SS": ["r"]},
        "map": {"M": {ODD: {"N": "2"}}},
        "text": {"S": "x"},
    }


def test_nothing_unused() -> None:
    """An update without values or conditions has no such parameter: DynamoDB refuses empty ones."""
    update = Update()
    update.remove("a")
    assert update.parameters() == {
        "UpdateExpression": "REMOVE #n0",
        "ExpressionAttributeNames": {"#n0": "a"},
    }


TEXTS = st.text(min_size=1)


@given(st.dictionaries(TEXTS, st.integers()), st.lists(TEXTS), st.lists(st.tuples(TEXTS, TEXTS)))
def test_any_text(amounts: dict[str, int], texts: list[str], entries: list[tuple[str, str]]) -> None:
    """No text enters an expression, and every placeholder is used and has one meaning."""
    update = Update()
    update.add(amounts)
    update.remove(*texts, *entries)
    for entry in entries:
        update.require_present(entry)
    for text in texts:
        update.require_at_most(text, 1)
        update.require_member_or_fewer("set", text, 1)
    parameters = update.parameters()
    written = parameters["UpdateExpression"] + parameters.get("ConditionExpression", "")
    assert re.fullmatch(r"[ -~]*", written)
    names, values = parameters["ExpressionAttributeNames"], parameters.get("ExpressionAttributeValues", {})
    assert set(re.findall(r"#n\d+", written)) == set(names)
    assert set(re.findall(r":v\d+", written)) == set(values)
    assert len(set(names.values())) == len(names)
