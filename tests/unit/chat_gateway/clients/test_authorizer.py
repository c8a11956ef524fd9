"""Known clients get a policy for the whole stage, from a table that holds only hashes."""

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
from chat_gateway.clients.authorizer import Authorizer, ClientsTable
from chat_gateway.core.startup import Startup
from client_keys.key import UNKNOWN_CLIENT
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to

KEY = "bcg-a-client-key-of-some-length"
ARN = "arn:aws:execute-api:us-east-1:123456789012:abc123/dev/POST/openai/v1/chat/completions"


class FakeTable:
    """DynamoDB with one client; keeps its requests."""

    def __init__(self) -> None:
        self.item: dict[str, Any] = {"client_id": {"S": "team-a"}}
        self.items = {hashlib.sha256(KEY.encode()).hexdigest(): self.item}
        self.asked: list[str] = []

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        assert (operation, parameters["TableName"]) == ("GetItem", "clients")
        self.asked.append(json.dumps(parameters))
        item = self.items.get(parameters["Key"]["key_sha256"]["S"])
        return {} if item is None else {"Item": item}


class Calls:
    """An authorizer for one test, its table and its log."""

    def __init__(self) -> None:
        self.table, self.log = FakeTable(), StringIO()
        self._authorizer = authorizer_of(self.table, self.log)

    def policy(self, authorization: str) -> dict[str, Any]:
        event = {"type": "TOKEN", "authorizationToken": authorization, "methodArn": ARN}
        return self._authorizer.handle(event, FakeContext())  # type: ignore[arg-type]

    def statement(self, authorization: str) -> dict[str, Any]:
        statement: dict[str, Any] = self.policy(authorization)["policyDocument"]["Statement"][0]
        return statement


def authorizer_of(table: Any, log: StringIO) -> Authorizer:
    return Authorizer(Startup(lambda: ClientsTable(table, "clients")), logger_to(log))


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.mark.parametrize("authorization", [f"Bearer {KEY}", f"bearer {KEY}", f"BEARER   {KEY} "])
def test_a_known_key_is_allowed_on_every_path_of_the_stage(calls: Calls, authorization: str) -> None:
    statement = calls.statement(authorization)
    assert statement == {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": "arn:aws:execute-api:us-east-1:123456789012:abc123/dev/*/*",
    }
    assert calls.policy(authorization)["principalId"] == "team-a"


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
def test_anything_else_is_a_deny_that_can_be_cached(calls: Calls, authorization: str) -> None:
    assert calls.statement(authorization)["Effect"] == "Deny"
    assert calls.policy(authorization)["principalId"] == UNKNOWN_CLIENT


def test_the_table_and_the_log_see_no_key(calls: Calls) -> None:
    calls.policy(f"Bearer {KEY}")
    assert KEY not in "".join(calls.table.asked)
    assert "client authentication" in calls.log.getvalue()
    assert KEY not in calls.log.getvalue()


def test_an_item_without_a_client_id_lets_nobody_in(calls: Calls) -> None:
    """A key whose item has no client ID is denied."""
    calls.table.items = {key: {} for key in calls.table.items}
    assert calls.statement(f"Bearer {KEY}")["Effect"] == "Deny"


def test_expired_client_is_denied(calls: Calls) -> None:
    """A client is denied from the second of its `expires_at`, and the log line says why."""
    calls.table.item["expires_at"] = {"N": str(int(time.time()))}
    assert calls.policy(f"Bearer {KEY}")["principalId"] == UNKNOWN_CLIENT
    assert calls.statement(f"Bearer {KEY}")["Effect"] == "Deny"
    line = json.loads(calls.log.getvalue().splitlines()[-1])
    assert (line["client"], line["allowed"], line["expired"]) == ("team-a", False, True)


@pytest.mark.parametrize("expires", [True, False])
def test_client_is_allowed_until_it_expires(calls: Calls, *, expires: bool) -> None:
    """A client is allowed before its `expires_at`, and so is one without `expires_at`."""
    if expires:
        calls.table.item["expires_at"] = {"N": str(int(time.time()) + 600)}
    assert calls.statement(f"Bearer {KEY}")["Effect"] == "Allow"
    assert len(calls.table.asked) == 1


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
def test_malformed_expiry_is_denied(calls: Calls, malformed: object) -> None:
    """An `expires_at` that is not a number of seconds denies the client."""
    calls.table.item["expires_at"] = malformed
    assert calls.statement(f"Bearer {KEY}")["Effect"] == "Deny"


_VALUES = st.none() | st.text() | st.integers().map(str) | st.floats().map(str) | st.integers()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["N", "S", "NULL", "L"]), _VALUES) | _VALUES)
def test_any_expiry_is_allowed_or_denied(calls: Calls, expires_at: object) -> None:
    """For any `expires_at` the answer is a policy, and only a number of seconds in the future allows."""
    calls.table.item["expires_at"], asked_at = expires_at, time.time()
    is_allowed = calls.statement(f"Bearer {KEY}")["Effect"] == "Allow"
    assert not is_allowed or (isinstance(expires_at, dict) and int(expires_at["N"]) > asked_at)


def test_a_table_that_cannot_be_read_is_a_failure_not_a_deny() -> None:
    class Down:
        def call(self, operation: str, parameters: object) -> dict[str, Any]:
            raise AwsCallError(operation, "InternalServerError")

    event = {"authorizationToken": f"Bearer {KEY}", "methodArn": ARN}
    with pytest.raises(AwsCallError):
        authorizer_of(Down(), StringIO()).handle(event, FakeContext())  # type: ignore[arg-type]
