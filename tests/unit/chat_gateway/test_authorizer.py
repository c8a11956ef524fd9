"""Who is let in: a policy for the whole stage, from a table that holds hashes only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest

from chat_gateway.aws_json import AwsCallError
from chat_gateway.entrypoints import authorizer
from tests.unit.chat_gateway.conftest import FakeContext

KEY = "bcg-a-client-key-of-some-length"
ARN = "arn:aws:execute-api:us-east-1:123456789012:abc123/dev/POST/openai/v1/chat/completions"


class FakeTable:
    """DynamoDB with one client; keeps what it was asked."""

    def __init__(self) -> None:
        self.items = {hashlib.sha256(KEY.encode()).hexdigest(): {"client_id": {"S": "team-a"}}}
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
    assert policy_for(authorization)["principalId"] == authorizer.UNKNOWN_CLIENT


def test_the_table_and_the_log_see_no_key(table: FakeTable, capsys: pytest.CaptureFixture[str]) -> None:
    policy_for(f"Bearer {KEY}")
    assert KEY not in "".join(table.asked)
    assert KEY not in capsys.readouterr().out


def test_an_item_without_a_client_id_lets_nobody_in(table: FakeTable) -> None:
    table.items = {key: {} for key in table.items}
    assert statement_for(f"Bearer {KEY}")["Effect"] == "Deny"


def test_a_table_that_cannot_be_read_is_a_failure_not_a_deny(monkeypatch: pytest.MonkeyPatch) -> None:
    class Down:
        def call(self, operation: str, parameters: object) -> dict[str, Any]:
            raise AwsCallError(operation, "InternalServerError")

    monkeypatch.setattr(authorizer, "_table", lambda: (Down(), "clients"))
    with pytest.raises(AwsCallError):
        policy_for(f"Bearer {KEY}")
