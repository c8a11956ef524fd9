"""The authorizer lets a token's client in as it lets a key's client in."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from io import StringIO
from typing import Any

import pytest

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies.clients_table import ClientsTable
from chat_gateway.core.errors import ConfigurationError
from chat_gateway.core.startup import Startup
from client_keys.item import UNKNOWN_CLIENT
from jwt_clients import key_set
from jwt_clients.authorizer import JwtAuthorizer, _tokens
from jwt_clients.errors import KeysUnavailableError
from jwt_clients.settings import JwtSettings
from jwt_clients.tokens import Tokens
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to
from tests.unit.jwt_clients import issuer
from tests.unit.jwt_clients.issuer import SETTINGS

ARN = "arn:aws:execute-api:us-east-1:123456789012:abc123/dev/POST/openai/v1/chat/completions"
POLICY = '{"v":1,"models":["fast"]}'


class FakeTable:
    """DynamoDB with one client's own item."""

    def __init__(self, **attributes: dict[str, str]) -> None:
        self.items = {"client#team-a": {"client_id": {"S": "team-a"}, **attributes}}
        self.operations: list[str] = []
        self.fails = False

    def call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        ends_at: float = math.inf,
        is_repeatable: bool = True,
    ) -> dict[str, Any]:
        self.operations.append(operation)
        if self.fails:
            raise AwsCallError(operation, "TimeoutError")
        item = self.items.get(parameters["Key"]["key_sha256"]["S"])
        return {} if item is None else {"Item": item}


class Calls:
    """An authorizer, its table and its log."""

    def __init__(self, table: FakeTable, key: Any = None) -> None:
        self.table, self.log = table, StringIO()
        tokens = Tokens(SETTINGS, key or key_set.read(issuer.key_set()).get)
        self._authorizer = JwtAuthorizer(
            Startup(lambda: ClientsTable(table, "clients")), Startup(lambda: tokens), logger_to(self.log)
        )

    def answer(self, token: str) -> dict[str, Any]:
        event = {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": ARN}
        return self._authorizer.handle(event, FakeContext())  # type: ignore[arg-type]

    def effect(self, token: str) -> str:
        effect: str = self.answer(token)["policyDocument"]["Statement"][0]["Effect"]
        return effect

    @property
    def line(self) -> dict[str, Any]:
        line: dict[str, Any] = json.loads(self.log.getvalue().splitlines()[-1])
        return line


def test_known_client_is_let_in() -> None:
    """The answer is a key's: the whole stage, the client's id, its policy and its generation. One read, no write."""
    calls = Calls(FakeTable(policy={"S": POLICY}, generation={"S": "0123"}))
    answer = calls.answer(issuer.token())
    assert answer["principalId"] == "team-a"
    assert answer["context"] == {"policy": POLICY, "generation": "0123"}
    assert answer["policyDocument"]["Statement"] == [
        {
            "Action": "execute-api:Invoke",
            "Effect": "Allow",
            "Resource": "arn:aws:execute-api:us-east-1:123456789012:abc123/dev/*/*",
        }
    ]
    assert calls.table.operations == ["GetItem"]


@pytest.mark.parametrize(
    "attributes", [{"state": {"S": "suspended"}}, {"valid_until": {"N": "1"}}, {"client_id": {"S": ""}}]
)
def test_inactive_client_is_denied(attributes: dict[str, dict[str, str]]) -> None:
    """A suspended or expired client is denied, and so is an item without a client."""
    assert Calls(FakeTable(**attributes)).effect(issuer.token()) == "Deny"


def test_claim_that_names_nobody_is_denied() -> None:
    """A good token whose claim names no client is denied, and the log says so."""
    calls = Calls(FakeTable())
    answer = calls.answer(issuer.token(sub="team-b"))
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert answer["principalId"] == UNKNOWN_CLIENT
    assert (calls.line["allowed"], calls.line["reason"]) == (False, "the claim names no client")


@pytest.mark.parametrize("token", ["", "not-a-token-but-long-enough", issuer.token(exp=1)])
def test_refused_token_is_a_deny(token: str) -> None:
    """A refused token is a Deny, which API Gateway caches, without a read of the table; the log has the reason."""
    calls = Calls(FakeTable())
    assert calls.effect(token) == "Deny"
    assert calls.table.operations == []
    assert "team-a" not in calls.log.getvalue()


def test_log_has_no_token() -> None:
    """Neither a good nor a bad token comes into the log."""
    calls = Calls(FakeTable())
    for token in (issuer.token(), issuer.token(aud="other")):
        calls.answer(token)
        assert not any(part in calls.log.getvalue() for part in token.split("."))
    assert calls.line["reason"] == "the token is for another audience"


def test_unreachable_issuer_is_an_error() -> None:
    """If the issuer's keys cannot be read, the function fails: API Gateway answers 500 and caches nothing."""

    def unreachable(_: str) -> None:
        raise KeysUnavailableError("TimeoutError")

    calls = Calls(FakeTable(), key=unreachable)
    with pytest.raises(KeysUnavailableError):
        calls.answer(issuer.token())
    assert calls.line["cause"] == "TimeoutError"
    assert calls.line["level"] == "ERROR"


def test_unreadable_table_is_an_error() -> None:
    """If the table cannot be read, the function fails, and nothing is cached."""
    calls = Calls(FakeTable())
    calls.table.fails = True
    with pytest.raises(AwsCallError):
        calls.answer(issuer.token())


def test_settings_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack's variables give the same settings; the keys are asked for at the URL of the settings."""
    assert JwtSettings.from_env(SETTINGS.to_env()) == SETTINGS
    for name, value in SETTINGS._replace(jwks_url="http://127.0.0.1:1/keys").to_env().items():
        monkeypatch.setenv(name, value)
    log = StringIO()
    with pytest.raises(KeysUnavailableError, match="ConnectionRefusedError"):
        _tokens(logger_to(log)).client_id(issuer.token())


def test_missing_setting_is_named() -> None:
    """A missing variable is named."""
    with pytest.raises(ConfigurationError, match="JWT_ISSUER"):
        JwtSettings.from_env({})
