"""A meter of one request, with the usage table on moto's DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies.clients_table import DynamoDb
from chat_gateway.client_policies.meter import Meter, Metering
from chat_gateway.client_policies.settings import UsageSettings
from chat_gateway.completions import request as chat_request
from client_keys.policy import Policy
from tests.unit import usage_table
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.client_policies.counter_calls import CLIENT, NOW_S, Recorded
from tests.unit.moto_calls import MotoCalls

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MODEL = VALID["model"]
DAY = "2026-11-26"
CONTENT = b"x" * 400  # 100 tokens
PROMPT_TOKENS, CAP = 100, 50
USAGE = {"prompt_tokens": 30, "completion_tokens": 20}
# By the price list: US dollars for a million tokens.
INPUT_USD, OUTPUT_USD = 0.07, 0.30
NANO = 1_000_000_000


def cost_nano_usd(prompt_tokens: int, completion_tokens: int) -> int:
    """What the tokens cost with MODEL."""
    return round((prompt_tokens * INPUT_USD + completion_tokens * OUTPUT_USD) * 1000)


class Broken:
    """A DynamoDB that refuses calls from the `first` on."""

    def __init__(self, dynamodb: DynamoDb, *, first: int = 1) -> None:
        self._dynamodb, self._left = dynamodb, first - 1

    def call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        ends_at: float = 0,
        is_repeatable: bool = True,
    ) -> dict[str, Any]:
        if not self._left:
            raise AwsCallError(
                operation, "TimeoutError", {"message": json.dumps(parameters)}, is_passing=True
            )
        self._left -= 1
        return self._dynamodb.call(operation, parameters, ends_at=ends_at, is_repeatable=is_repeatable)


class Metered:
    """Makes meters, and shows what they store."""

    def __init__(self, dynamodb: DynamoDBClient) -> None:
        self._dynamodb = dynamodb
        self.recorded = Recorded(MotoCalls(dynamodb))
        self.settings = UsageSettings(usage_table.TABLE, 400, "refuse")
        self.now_s = NOW_S

    def set(self, **settings: Any) -> None:
        """Changes settings of usage."""
        self.settings = self.settings._replace(**settings)

    def break_down(self, *, first: int = 1) -> None:
        """DynamoDB refuses calls from the `first` on."""
        self.recorded.dynamodb = Broken(self.recorded.dynamodb, first=first)

    def meter(
        self, *, client: str | None = CLIENT, body: dict[str, Any] | None = None, **limits: Any
    ) -> Meter:
        """A meter of a request with an output limit, by a client with these limits."""
        chat = chat_request.from_document({**VALID, "max_tokens": CAP, **(body or {})})
        metering = Metering.of(self.settings, self.recorded)._replace(clock=lambda: self.now_s)
        policy = Policy(max_completion_tokens=CAP, **limits)
        return Meter(metering, client, policy, chat, models=[chat.model], ends_in_s=900)

    def answered(self, usage: object = USAGE, **request: Any) -> dict[str, Any]:
        """The log fields of a request that was answered."""
        meter = self.meter(**request)
        meter.reserve(CONTENT)
        meter.answered(usage)
        return meter.settle()

    def used(self, client: str | None = CLIENT) -> dict[str, dict[str, int]]:
        """What the client used, by model."""
        return usage_table.used(self._dynamodb, DAY, client)

    def counters(self) -> dict[str, int]:
        """The client's counters, by measure and period."""
        item = usage_table.counters(self._dynamodb, CLIENT)
        found = {name.rpartition("_")[0]: value for name, value in item.items()}
        return {name: int(found[name]["N"]) for name in found if name.startswith(("req", "tok", "cost"))}

    def slots(self) -> dict[str, int]:
        """The requests in progress, each with its expiry."""
        item = usage_table.counters(self._dynamodb, CLIENT)
        return {id_: int(expiry["N"]) for id_, expiry in item["in_progress"]["M"].items()}
