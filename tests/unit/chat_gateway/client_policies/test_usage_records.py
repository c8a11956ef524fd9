"""What a client uses is added to its item of the day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies.usage_records import UsageRecords
from client_usage import item as usage_item
from client_usage.item import COMPLETION_TOKENS, MAX_MODELS, OTHER_MODELS, PROMPT_TOKENS, REQUESTS
from tests.unit import usage_table
from tests.unit.chat_gateway.client_policies.counter_calls import NOW_S, Recorded, epoch_s
from tests.unit.moto_calls import MotoCalls

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MODEL = "openai.gpt-oss-20b-1:0"
ONE = {REQUESTS: 1, PROMPT_TOKENS: 3, COMPLETION_TOKENS: 5}


class Records:
    """The usage on one day, and the calls that adding takes."""

    def __init__(self, dynamodb: DynamoDBClient) -> None:
        self._dynamodb = dynamodb
        self.recorded = Recorded(MotoCalls(dynamodb))

    def add(
        self, model: str = MODEL, *, client: str | None = "team-a", now_s: float = NOW_S, **measures: int
    ) -> None:
        records = UsageRecords(self.recorded, usage_table.TABLE, kept_days=400)
        records.add(client, model, measures or ONE, now_s=now_s, ends_at=math.inf)

    def used(self, *, client: str | None = "team-a", day: str = "2026-11-26") -> dict[str, dict[str, int]]:
        return usage_table.used(self._dynamodb, day, client)

    def item(self) -> dict[str, Any]:
        key = usage_item.of_day("2026-11-26", "team-a")
        return dict(self._dynamodb.get_item(TableName=usage_table.TABLE, Key=key)["Item"])


@pytest.fixture
def records(dynamodb: DynamoDBClient) -> Records:
    return Records(dynamodb)


def test_measures_add_up(records: Records) -> None:
    """The measures of a model's requests are summed up, with one call for each request."""
    records.add()
    records.add(requests=1, prompt_tokens=30, completion_tokens=0, cached_tokens=7)
    assert records.used() == {
        MODEL: {REQUESTS: 2, PROMPT_TOKENS: 33, COMPLETION_TOKENS: 5, "cached_tokens": 7}
    }
    assert records.item()["models"] == {"SS": [MODEL]}
    assert len(records.recorded.calls) == 2


def test_clients_models_and_days(records: Records) -> None:
    """Each client, model and day has numbers of its own, and so have requests without a client."""
    records.add(now_s=epoch_s("2026-11-26T23:59:59.9"))
    records.add("qwen.qwen3-32b-v1:0")
    records.add(now_s=epoch_s("2026-11-27T00:00:00"))
    records.add(client=None)
    assert records.used() == {MODEL: ONE, "qwen.qwen3-32b-v1:0": ONE}
    assert records.used(day="2026-11-27") == records.used(client=None) == {MODEL: ONE}


def test_kept_for_days(records: Records) -> None:
    """A day's item is kept for so many days after the day has ended."""
    records.add()
    assert int(records.item()["expires_at"]["N"]) == epoch_s("2026-11-27T00:00:00") + 400 * 86_400


def test_many_models(records: Records) -> None:
    """More models than an item may have are counted together; the item's own models still have their numbers."""
    for number in range(MAX_MODELS):
        records.add(f"a.model-{number}")
    for model in ("a.another", "a.third", OTHER_MODELS, "a.model-7"):
        records.add(model)
    used = records.used()
    assert used[OTHER_MODELS] == {name: 3 * n for name, n in ONE.items()}
    assert used["a.model-7"] == {name: 2 * n for name, n in ONE.items()}
    assert len(used) == MAX_MODELS + 1
    assert len(records.item()["models"]["SS"]) == MAX_MODELS
    assert len(records.recorded.calls) == MAX_MODELS + 2 + 2 + 1 + 1


def test_sent_once(records: Records) -> None:
    """A call whose answer is lost is not sent again: it would count twice."""
    records.add()
    records.add(OTHER_MODELS)
    assert records.recorded.are_repeatable == [False, False]


def test_failed_call(records: Records) -> None:
    """A call that fails is an error, and no request is counted as another model's."""
    records.recorded.dynamodb = Throttled()
    with pytest.raises(AwsCallError, match="Throttling"):
        records.add()
    assert len(records.recorded.calls) == 1


class Throttled:
    """A DynamoDB that refuses every call."""

    def call(
        self, operation: str, parameters: object, *, ends_at: float = 0, is_repeatable: bool = True
    ) -> dict[str, Any]:
        raise AwsCallError(operation, "ThrottlingException")
