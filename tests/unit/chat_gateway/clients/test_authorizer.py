"""Who is let in: a policy for the whole stage, from a table that holds hashes only."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from io import StringIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.clients import authorizer
from client_keys.key import UNKNOWN_CLIENT
from tests.unit.chat_gateway.conftest import FakeContext

KEY = "bcg-a-client-key-of-some-length"
ARN = "arn:aws:execute-api:us-east-1:123456789012:abc123/dev/POST/openai/v1/chat/completions"


class FakeTable:
    """DynamoDB with one client; keeps what it was asked."""

    def __init__(self) -> None:
        self.item: dict[str, Any] = {"client_id": {"S": "team-a"}}
        self.items = {hashlib.sha256(KEY.encode()).hexdigest(): self.item}
        self.asked: list[str] = []

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        assert (operation, parameters["TableName"]) == ("GetItem", "clients")
        self.asked.append(json.dumps(parameters))
        item = self.items.get(parameters["Key"]["key_sha256"]["S"])
        return {} if item is None else {"Item": item}


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> FakeTable:
    table = FakeTable()
    monkeypatch.setattr(authorizer, "_table", lambda: (table, "clients"))
    return table


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What the authorizer's logger writes."""
    stream = StringIO()
    monkeypatch.setattr(authorizer._logger.registered_handler, "stream", stream)
    return stream


def policy_for(authorization: str) -> dict[str, Any]:
    event = {"type": "TOKEN", "authorizationToken": authorization, "methodArn": ARN}
    return authorizer.handle(event, FakeContext())  # type: ignore[arg-type]


def statement_for(authorization: str) -> dict[str, Any]:
    statement: dict[str, Any] = policy_for(authorization)["policyDocument"]["Statement"][0]
    return statement


@pytest.mark.parametrize("authorization", [f"Bearer {KEY}", f"bearer {KEY}", f"BEARER   {KEY} "])
def test_a_known_key_is_allowed_on_every_path_of_the_stage(table: FakeTable, authorization: str) -> None:
    statement = statement_for(authorization)
    assert statement == {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": "arn:aws:execute-api:us-east-1:123456789012:abc123/dev/*/*",
    }
    assert policy_for(authorization)["principalId"] == "team-a"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        KEY,
        "Bearer",
        "Bearer ",
        f"Basic {KEY}",
        f"Bearer {KEY}x",
        f"Bearer {KEY.upper()}",
        "Bearer \ud800",
    ],
)
def test_anything_else_is_a_deny_that_can_be_cached(table: FakeTable, authorization: str) -> None:
    assert statement_for(authorization)["Effect"] == "Deny"
    assert policy_for(authorization)["principalId"] == UNKNOWN_CLIENT


def test_the_table_and_the_log_see_no_key(table: FakeTable, log: StringIO) -> None:
    policy_for(f"Bearer {KEY}")
    assert KEY not in "".join(table.asked)
    assert "client authentication" in log.getvalue()
    assert KEY not in log.getvalue()


def test_an_item_without_a_client_id_lets_nobody_in(table: FakeTable) -> None:
    """A key whose item names no client is denied."""
    table.items = {key: {} for key in table.items}
    assert statement_for(f"Bearer {KEY}")["Effect"] == "Deny"


def test_expired_client_is_denied(table: FakeTable, log: StringIO) -> None:
    """A client is denied from the second of its `expires_at` on, and the log line says why."""
    table.item["expires_at"] = {"N": str(int(time.time()))}
    assert policy_for(f"Bearer {KEY}")["principalId"] == UNKNOWN_CLIENT
    assert statement_for(f"Bearer {KEY}")["Effect"] == "Deny"
    line = json.loads(log.getvalue().splitlines()[-1])
    assert (line["client"], line["allowed"], line["expired"]) == ("team-a", False, True)


@pytest.mark.parametrize("expires", [True, False])
def test_client_is_allowed_until_it_expires(table: FakeTable, *, expires: bool) -> None:
    """A client whose `expires_at` is yet to come is allowed, as is one without `expires_at`."""
    if expires:
        table.item["expires_at"] = {"N": str(int(time.time()) + 600)}
    assert statement_for(f"Bearer {KEY}")["Effect"] == "Allow"
    assert len(table.asked) == 1


@pytest.mark.parametrize(
    "malformed",
    [
        {"S": "4102444800"},
        {"S": "2100-01-01T00:00:00Z"},
        {"N": "soon"},
        {"N": "nan"},
        {"N": "inf"},
        {"N": "4102444800.5"},
        {"N": ""},
        {"N": None},
        {"NULL": True},
        {},
        None,
    ],
)
def test_malformed_expiry_is_denied(table: FakeTable, malformed: object) -> None:
    """An `expires_at` that is no number of seconds denies the client."""
    table.item["expires_at"] = malformed
    assert statement_for(f"Bearer {KEY}")["Effect"] == "Deny"


_VALUES = st.none() | st.text() | st.integers().map(str) | st.floats().map(str) | st.integers()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["N", "S", "NULL", "L"]), _VALUES) | _VALUES)
def test_any_expiry_is_allowed_or_denied(table: FakeTable, expires_at: object) -> None:
    """Whatever `expires_at` is, the answer is a policy, and only a number of seconds to come allows."""
    table.item["expires_at"], asked_at = expires_at, time.time()
    is_allowed = statement_for(f"Bearer {KEY}")["Effect"] == "Allow"
    assert not is_allowed or (isinstance(expires_at, dict) and int(expires_at["N"]) > asked_at)


def test_a_table_that_cannot_be_read_is_a_failure_not_a_deny(monkeypatch: pytest.MonkeyPatch) -> None:
    class Down:
        def call(self, operation: str, parameters: object) -> dict[str, Any]:
            raise AwsCallError(operation, "InternalServerError")

    monkeypatch.setattr(authorizer, "_table", lambda: (Down(), "clients"))
    with pytest.raises(AwsCallError):
        policy_for(f"Bearer {KEY}")
