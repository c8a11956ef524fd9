"""No answer of DynamoDB to an update of counters is an unhandled error."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies import charges
from chat_gateway.client_policies.counters import IN_PROGRESS, Counters, Refusal, Reservation, Wanted
from client_keys.policy import Policy

NOW_S = 1_795_712_530.0  # 2026-11-26T17:02:10Z
REQUESTS, TOKENS = "requests_m_202611261702", "tokens_d_20261126"
POLICY = Policy(
    max_completion_tokens=100,
    requests_per_minute=10,
    tokens_per_minute=1000,
    tokens_per_day=1000,
    monthly_budget_cents=10,
)
TEXTS = st.text() | st.from_regex(r"-?[0-9]{1,5}(\.[0-9]{1,3})?(E[+-]?[0-9]{1,3})?", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NUMBERS = st.fixed_dictionaries({"N": TEXTS}) | JSON
SLOTS = st.fixed_dictionaries({"M": st.dictionaries(st.text(), NUMBERS, max_size=3) | JSON}) | JSON
NAMES = st.sampled_from([REQUESTS, TOKENS, "tokens_m_202611261702", "cost_mo_202611"]) | st.text()
ITEMS = JSON | st.builds(
    lambda counters, slots: {**counters, **slots},
    st.dictionaries(NAMES, NUMBERS, max_size=30),
    st.dictionaries(st.just(IN_PROGRESS), SLOTS),
)


@dataclass(frozen=True)
class Answering:
    """A DynamoDB that gives every update the same item, by carrying it out or by refusing it."""

    fields: Mapping[str, Any]
    refuses: bool

    def call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        ends_at: float = math.inf,
        is_repeatable: bool = True,
    ) -> dict[str, Any]:
        json.dumps(parameters)
        if self.refuses:
            raise AwsCallError(operation, "ConditionalCheckFailedException", self.fields)
        return dict(self.fields)


def wanted(slots: int | None = 2, policy: Policy = POLICY) -> Wanted:
    made = charges.of(policy, tokens=10, cost_nano_usd=10, now_s=NOW_S)
    return Wanted("new", "team-a", made, slots, NOW_S, NOW_S + 900)


def reserved(*, slots: int | None = 2, **answer: Any) -> Reservation | Refusal:
    """The outcome if DynamoDB answers with `Attributes`, or refuses with `Item`."""
    refuses = "Attributes" not in answer
    return Counters(Answering(answer, refuses=refuses), "usage").reserve(wanted(slots), ends_at=math.inf)


def number_of(item: dict[str, Any], attribute: str) -> int:
    """The counter's value as the reservation reads it."""
    counted = {one.charge.attribute: one.value for one in reserved(Attributes=item).counted()}
    return counted[attribute]


@given(ITEMS, st.sampled_from([None, 2]), st.booleans())
def test_any_item(item: Any, slots: int | None, refuses: bool) -> None:
    """For any item there is a reservation, a refusal or an AwsCallError, and settling raises nothing else."""
    counters = Counters(Answering({"Item" if refuses else "Attributes": item}, refuses=refuses), "usage")
    try:
        made = counters.reserve(wanted(slots), ends_at=math.inf)
        charges.headers(made.counted())
        if isinstance(made, Reservation):
            counters.settle(made, {charges.TOKENS: 5}, now_s=NOW_S + 100, ends_at=math.inf)
    except AwsCallError:
        pass


@pytest.mark.parametrize(
    "item",
    [
        None,
        [],
        "item",
        17,
        {TOKENS: {"S": "5"}},
        {TOKENS: {"N": "five"}},
        {TOKENS: {"N": ""}},
        {TOKENS: {"N": "-"}},
        {TOKENS: {"N": "NaN"}},
        {TOKENS: {"N": "1E+999"}},
        {TOKENS: {"N": "9" * 5000}},
        {TOKENS: {"N": 5}},
        {TOKENS: "5"},
        {TOKENS: None},
        {IN_PROGRESS: {"S": "none"}},
        {IN_PROGRESS: {"M": ["old"]}},
        {IN_PROGRESS: {"M": None}},
        {IN_PROGRESS: {"M": {"old": {"S": "soon"}}}},
        {IN_PROGRESS: {"M": {"old": {"N": "soon"}}}},
        {IN_PROGRESS: {"M": {"old": None}}},
    ],
)
@pytest.mark.parametrize("name", ["Attributes", "Item"])
def test_a_malformed_item(name: str, item: Any) -> None:
    """What is no item of counters counts as a failed call, whether DynamoDB has updated it or refused to."""
    with pytest.raises(AwsCallError, match="UpdateItem failed: MalformedItem"):
        reserved(**{name: item})


def test_an_answer_without_attributes() -> None:
    """An update that answers without the item after it counts as failed; a refusal without an item does not."""
    with pytest.raises(AwsCallError, match="MalformedItem"):
        Counters(Answering({}, refuses=False), "usage").reserve(wanted(), ends_at=math.inf)
    assert isinstance(reserved(), Refusal)


def test_other_attributes_may_have_any_form() -> None:
    """Attributes that are no counters of this request are not read."""
    item = {"note": {"S": "raised for the launch"}, "tokens_d_20261125": {"S": "x"}, "list": None}
    assert isinstance(reserved(Attributes=item), Reservation)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("1E+3", 1000),
        ("1.5E+2", 150),
        ("2.5", 3),
        ("1E-130", 1),
        ("-7", -7),
        ("-0.5", 0),
        ("9" * 38, int("9" * 38)),
    ],
)
def test_the_forms_of_a_number(text: str, value: int) -> None:
    """Numbers may have an exponent or decimals, which are rounded up, and may be negative or huge."""
    assert number_of({TOKENS: {"N": text}}, TOKENS) == value


def test_a_huge_counter_refuses() -> None:
    """A counter of any size is over the limit."""
    refusal = reserved(Item={TOKENS: {"N": "1E+125"}})
    assert isinstance(refusal, Refusal)
    assert [charge.attribute for charge in refusal.over] == [TOKENS]
    assert {one.remaining for one in refusal.counted() if one.charge.attribute == TOKENS} == {0}
