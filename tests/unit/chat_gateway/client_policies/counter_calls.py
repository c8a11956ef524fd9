"""One client's counters on moto's DynamoDB, and the calls that they take."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto import mock_aws

from chat_gateway.client_policies import charges
from chat_gateway.client_policies.clients_table import DynamoDb
from chat_gateway.client_policies.counters import Counters, Refusal, Reservation, Wanted
from client_keys.policy import Policy
from tests.unit import moto_clients, usage_table
from tests.unit.moto_calls import MotoCalls

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CLIENT = "team-a"
CAP = 100  # of a request's output, which a policy with a limit of tokens needs
LASTS_S = 910.0


def epoch_s(text: str) -> float:
    """The moment of an ISO time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NOW_S = epoch_s("2026-11-26T17:02:10")


@contextmanager
def empty_table() -> Iterator[DynamoDBClient]:
    """A DynamoDB with an empty usage table."""
    with mock_aws():
        usage_table.create(moto_clients.dynamodb())
        yield moto_clients.dynamodb()


@dataclass
class Recorded:
    """DynamoDB, and what it was asked."""

    dynamodb: DynamoDb
    calls: list[Mapping[str, Any]] = field(default_factory=list)
    are_repeatable: list[bool] = field(default_factory=list)

    def call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        ends_at: float = math.inf,
        is_repeatable: bool = True,
    ) -> dict[str, Any]:
        self.calls.append(parameters)
        self.are_repeatable.append(is_repeatable)
        return self.dynamodb.call(operation, parameters, ends_at=ends_at, is_repeatable=is_repeatable)


class Counting:
    """A client's counters. `policy` has its limits."""

    def __init__(self, dynamodb: DynamoDBClient, policy: Policy, *, client_id: str = CLIENT) -> None:
        self._dynamodb, self._client_id = dynamodb, client_id
        self.policy = policy
        self.recorded = Recorded(MotoCalls(dynamodb))
        self._counters = Counters(self.recorded, usage_table.TABLE)

    def use(self, dynamodb: DynamoDb) -> None:
        """From now on calls go to this DynamoDB."""
        self.recorded.dynamodb = dynamodb

    def wanted(
        self,
        id_: str,
        *,
        tokens: int = 10,
        cost_nano_usd: int = 0,
        now_s: float = NOW_S,
        lasts_s: float = LASTS_S,
    ) -> Wanted:
        """What a request of that size reserves."""
        return Wanted(
            id=id_,
            client_id=self._client_id,
            charges=charges.of(self.policy, tokens=tokens, cost_nano_usd=cost_nano_usd, now_s=now_s),
            slots=self.policy.concurrent_requests,
            now_s=now_s,
            expires_at_s=now_s + lasts_s,
        )

    def tried(self, id_: str, **size: Any) -> Reservation | Refusal:
        """The answer to a reservation."""
        return self.tried_as(self.wanted(id_, **size))

    def tried_as(self, wanted: Wanted) -> Reservation | Refusal:
        return self._counters.reserve(wanted, ends_at=math.inf)

    def reserved(self, id_: str, **size: Any) -> Reservation:
        """A reservation that must be made."""
        made = self.tried(id_, **size)
        assert isinstance(made, Reservation)
        return made

    def refused(self, id_: str, **size: Any) -> list[str]:
        """The limits that refuse a reservation, in words."""
        refusal = self.tried(id_, **size)
        assert isinstance(refusal, Refusal)
        return charges.described(refusal.over)

    def settle(self, made: Reservation, used: Mapping[str, int], *, now_s: float = NOW_S) -> None:
        self._counters.settle(made, used, now_s=now_s, ends_at=math.inf)

    def put(self, item: Mapping[str, Any]) -> None:
        """Adds these attributes to the stored item."""
        self._dynamodb.put_item(TableName=usage_table.TABLE, Item={**self.item(), **item})

    def item(self) -> dict[str, Any]:
        """The stored item, with at least its key."""
        stored = usage_table.counters(self._dynamodb, self._client_id)
        return stored or {"pk": {"S": f"counters#{self._client_id}"}, "sk": {"S": "counters"}}

    def numbers(self) -> dict[str, int]:
        """The counters alone."""
        names = [name for name in self.item() if name.startswith(("requests_", "tokens_", "cost_"))]
        return {name: int(self.item()[name]["N"]) for name in names}

    def slots(self) -> set[str] | None:
        """The ids of the requests in progress; None if there is no map."""
        in_progress = self.item().get("in_progress")
        return None if in_progress is None else set(in_progress["M"])

    def count_calls(self) -> int:
        """The number of calls since the last count."""
        number = len(self.recorded.calls)
        self.recorded.calls.clear()
        return number
