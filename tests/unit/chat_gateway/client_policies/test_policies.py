"""Where a client's policy is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies.clients_table import ClientsTable
from chat_gateway.client_policies.policies import ClientPolicies, ClientRecord
from client_keys import item as client_item
from client_keys import policy as client_policy
from client_keys.no_limits import NO_LIMITS
from client_keys.policy import (
    MAX_CONCURRENT_REQUESTS,
    UNLIMITED,
    OutputCapMissingError,
    Policy,
    PolicyTooLargeError,
    UnknownPolicyError,
)
from tests.unit import clients_table
from tests.unit.moto_calls import MotoCalls

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

POLICY = Policy(models=("openai.*",), max_completion_tokens=50, may_stream=False)
UNREADABLE = [
    None,
    "",
    "{}",
    "null",
    "[]",
    '{"v":2}',
    '{"v":1,"more":1}',
    '{"v":1,"models":"openai"}',
    "{" * 5000,
    5,
]


class Clock:
    """A time in epoch seconds, which a test sets."""

    now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


class Clients:
    """A clients table, and the policies read from it."""

    def __init__(self, dynamodb: DynamoDBClient) -> None:
        self.dynamodb, self.clock, self.reads = dynamodb, Clock(), 0
        self.policies = ClientPolicies(ClientsTable(self, clients_table.TABLE), clock=self.clock)

    def call(
        self, operation: str, parameters: Any, *, ends_at: float = 0, is_repeatable: bool = True
    ) -> dict[str, Any]:
        self.reads += 1
        return MotoCalls(self.dynamodb).call(operation, parameters)

    def put(self, client_id: str, **attributes: Any) -> None:
        item = {**client_item.of_client(client_id), **attributes}
        self.dynamodb.put_item(TableName=clients_table.TABLE, Item=item)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    with clients_table.empty(monkeypatch) as dynamodb:
        yield Clients(dynamodb)


def test_policy_of_the_context(clients: Clients) -> None:
    """A policy that the authorizer passed on is taken without a call of DynamoDB."""
    assert clients.policies.of_request(POLICY.to_text(), "team-a") == POLICY
    assert clients.policies.of_request(NO_LIMITS, "team-a") == UNLIMITED
    assert clients.reads == 0


@pytest.mark.parametrize("context", UNREADABLE)
def test_unknown_context_reads_the_client(clients: Clients, context: object) -> None:
    """A missing context, or one of another version, is replaced by the client's own item."""
    clients.put("team-a", policy={"S": POLICY.to_text()})
    assert clients.policies.of_request(context, "team-a") == POLICY


def test_earlier_client_has_no_limits(clients: Clients) -> None:
    """A client without an item of its own was made by an earlier version, and has no limits."""
    assert clients.policies.of_request(None, "team-a") == UNLIMITED


def test_client_without_a_policy(clients: Clients) -> None:
    """A client's item without a policy has no limits."""
    clients.put("team-a", owner={"S": "a person"})
    assert clients.policies.of_request(None, "team-a") == UNLIMITED


@pytest.mark.parametrize("context", [context for context in UNREADABLE if context is not None])
def test_unknown_context_without_a_client(clients: Clients, context: object) -> None:
    """A context that is there but not known is no earlier version's: without a client's item it is an error."""
    with pytest.raises(UnknownPolicyError):
        clients.policies.of_request(context, "team-a")


class EveryClient:
    """A DynamoDB that has every client; moto takes milliseconds for each."""

    def call(
        self, operation: str, parameters: Any, *, ends_at: float = 0, is_repeatable: bool = True
    ) -> dict[str, Any]:
        return {"Item": parameters["Key"]}


def test_many_clients() -> None:
    """Not more than 1,000 clients are kept."""
    policies = ClientPolicies(ClientsTable(EveryClient(), clients_table.TABLE))
    for number in range(1001):
        assert policies.of_client(f"team-{number}") is not None
    assert 0 < len(policies._kept) <= 1000


def test_new_client_is_known_at_once(clients: Clients) -> None:
    """A client that was asked for before it was created is found once it is there."""
    assert clients.policies.of_client("team-a") is None
    clients.put("team-a")
    assert clients.policies.of_client("team-a") is not None


@pytest.mark.parametrize("stored", ["", '{"v":2}', "no JSON"])
def test_unknown_stored_policy_is_an_error(clients: Clients, stored: str) -> None:
    """A policy that cannot be read never counts as no policy."""
    clients.put("team-a", policy={"S": stored})
    with pytest.raises(UnknownPolicyError):
        clients.policies.of_request(None, "team-a")


def test_no_client_is_an_error(clients: Clients) -> None:
    """Without a context and without a client, there is nothing to read."""
    with pytest.raises(UnknownPolicyError):
        clients.policies.of_request(None, None)


def test_unreadable_table_is_an_error(clients: Clients) -> None:
    """A table that cannot be read never counts as no policy."""
    clients.dynamodb.delete_table(TableName=clients_table.TABLE)
    with pytest.raises(AwsCallError):
        clients.policies.of_request(None, "team-a")


def test_a_client_is_read_once_a_minute(clients: Clients) -> None:
    """A change takes effect within a minute."""
    clients.put("team-a")
    for _ in range(3):
        clients.policies.of_client("team-a")
    assert clients.reads == 1
    clients.clock.now_s += 60
    clients.put("team-a", state={"S": "suspended"})
    assert clients.policies.of_client("team-a") == ClientRecord(UNLIMITED, is_active=False)


@pytest.mark.parametrize(
    ("attributes", "is_active"),
    [
        ({}, True),
        ({"state": {"S": "active"}}, True),
        ({"state": {"S": "suspended"}}, False),
        ({"valid_until": {"N": "1000001"}}, True),
        ({"valid_until": {"N": "1000000"}}, False),
    ],
)
def test_active_clients(clients: Clients, attributes: dict[str, Any], is_active: bool) -> None:
    """A client is active unless it is suspended or has expired."""
    clients.put("team-a", **attributes)
    assert clients.policies.of_client("team-a") == ClientRecord(UNLIMITED, is_active)


_COUNTS = st.none() | st.integers(min_value=1)
_POLICIES = st.builds(
    Policy,
    models=st.none() | st.lists(st.text(max_size=8), max_size=5).map(tuple),
    max_completion_tokens=_COUNTS,
    may_stream=st.booleans(),
    may_send_jobs=st.booleans(),
    requests_per_minute=_COUNTS,
    tokens_per_minute=_COUNTS,
    tokens_per_day=_COUNTS,
    concurrent_requests=st.none() | st.integers(1, MAX_CONCURRENT_REQUESTS),
    monthly_budget_cents=_COUNTS,
)


@given(_POLICIES.filter(lambda policy: not policy.lacks_output_cap))
def test_policies_are_read_as_written(policy: Policy) -> None:
    """Writing and reading a policy gives the same policy, in at most 2 kB of ASCII."""
    text = policy.to_text()
    assert text.isascii()
    assert client_policy.from_text(text) == policy


@given(_POLICIES.filter(lambda policy: policy.lacks_output_cap))
def test_no_limit_of_tokens_without_an_output_cap(policy: Policy) -> None:
    """A policy that limits tokens or money is not written without the largest output."""
    with pytest.raises(OutputCapMissingError, match="max_completion_tokens"):
        policy.to_text()


@pytest.mark.parametrize(
    "text",
    [
        '{"v":1,"tokens_per_day":5}',
        '{"v":1,"monthly_budget_cents":5}',
        '{"v":1,"concurrent_requests":201}',
        '{"v":1,"requests_per_minute":0}',
        '{"v":1,"requests_per_minute":1.5}',
        '{"v":1,"requests_per_minute":true}',
    ],
)
def test_impossible_limits_are_not_read(text: str) -> None:
    """A text that this version would not write is no policy."""
    with pytest.raises(UnknownPolicyError):
        client_policy.from_text(text)


def test_no_limits_is_how_no_limits_are_written() -> None:
    """The short text is that of a policy without limits."""
    assert UNLIMITED.to_text() == NO_LIMITS


def test_large_policy_is_refused() -> None:
    """The error says the size."""
    with pytest.raises(PolicyTooLargeError, match=r"has 2\d{3} bytes; at most 2048"):
        Policy(models=("m" * 2040,)).to_text()


@given(st.text() | st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_any_context_is_a_policy_or_an_error(context: object) -> None:
    """Whatever the context holds, it is a policy or UnknownPolicyError."""
    try:
        client_policy.from_text(context)
    except UnknownPolicyError:
        return
