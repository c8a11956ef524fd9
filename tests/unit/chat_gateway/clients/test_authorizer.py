"""Known clients get a policy for the whole stage, from a table that holds only hashes."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping
from io import StringIO
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies.clients_table import ClientsTable
from chat_gateway.clients.authorizer import Authorizer
from chat_gateway.core.startup import Startup
from client_keys.item import UNKNOWN_CLIENT
from client_keys.key import from_random
from client_keys.no_limits import NO_LIMITS
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to
from tests.unit.client_keys.wrong_keys import wrong_keys

KEY = from_random(bytes(range(32)))
EARLIER_KEY = "bcg-" + "k" * 43  # as earlier versions made them
ARN = "arn:aws:execute-api:us-east-1:123456789012:abc123/dev/POST/openai/v1/chat/completions"


class FakeTable:
    """DynamoDB with one client; keeps its requests."""

    def __init__(self) -> None:
        self.item: dict[str, Any] = {"client_id": {"S": "team-a"}}
        self.items = {hashlib.sha256(key.encode()).hexdigest(): self.item for key in (KEY, EARLIER_KEY)}
        self.asked: list[str] = []
        self.used: list[dict[str, Any]] = []

    def call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        ends_at: float = math.inf,
        is_repeatable: bool = True,
    ) -> dict[str, Any]:
        assert parameters["TableName"] == "clients"
        if operation == "UpdateItem":
            assert ends_at <= time.monotonic() + 0.5  # the caller waits for it
            self.used.append(parameters["ExpressionAttributeValues"])
            return {}
        assert operation == "GetItem"
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


@pytest.mark.parametrize(
    "authorization", [f"Bearer {KEY}", f"bearer {KEY}", f"BEARER   {KEY} ", f"Bearer {EARLIER_KEY}"]
)
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
        def call(
            self, operation: str, parameters: object, *, ends_at: float = 0, is_repeatable: bool = True
        ) -> dict[str, Any]:
            raise AwsCallError(operation, "InternalServerError")

    event = {"authorizationToken": f"Bearer {KEY}", "methodArn": ARN}
    with pytest.raises(AwsCallError):
        authorizer_of(Down(), StringIO()).handle(event, FakeContext())  # type: ignore[arg-type]


def test_policy_is_passed_on(calls: Calls) -> None:
    """An Allow has the policy of the key's item in its context, as text."""
    calls.table.item["policy"] = {"S": '{"v":1,"stream":false}'}
    assert calls.policy(f"Bearer {KEY}")["context"] == {"policy": '{"v":1,"stream":false}'}


def test_generation_is_passed_on(calls: Calls) -> None:
    """An Allow has the generation of the key's item in its context, if there is one."""
    calls.table.item["generation"] = {"S": "0123456789abcdef"}
    assert calls.policy(f"Bearer {KEY}")["context"] == {"policy": NO_LIMITS, "generation": "0123456789abcdef"}


@pytest.mark.parametrize("authorization", [f"Bearer {KEY}", f"Bearer {EARLIER_KEY}"])
def test_no_policy_is_said(calls: Calls, authorization: str) -> None:
    """A key without a policy, also one of an earlier version, has a context that says so."""
    assert calls.policy(authorization)["context"] == {"policy": NO_LIMITS}


@pytest.mark.parametrize("policy", [None, {}, {"S": None}, {"N": "1"}, "text"])
def test_unreadable_policy_is_not_no_policy(calls: Calls, policy: object) -> None:
    """The context of an unreadable policy is empty, so the chat function reads the client's own item."""
    calls.table.item["policy"] = policy
    assert calls.policy(f"Bearer {KEY}")["context"] == {"policy": ""}


@pytest.mark.parametrize("state", [{"S": "suspended"}, {"S": ""}, {"N": "1"}, None])
def test_suspended_client_is_denied(calls: Calls, state: object) -> None:
    """Any state but active denies, the log line says so, and the answer has no context."""
    calls.table.item["state"] = state
    answer = calls.policy(f"Bearer {KEY}")
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert "context" not in answer
    line = json.loads(calls.log.getvalue().splitlines()[-1])
    assert (line["client"], line["allowed"], line["suspended"]) == ("team-a", False, True)


def test_active_client_is_allowed(calls: Calls) -> None:
    """The state active allows, and so does an expiry that is yet to come."""
    calls.table.item |= {"state": {"S": "active"}, "valid_until": {"N": str(int(time.time()) + 600)}}
    assert calls.statement(f"Bearer {KEY}")["Effect"] == "Allow"


def test_client_past_its_expiry_is_denied(calls: Calls) -> None:
    """A client is denied from the second of its `valid_until`."""
    calls.table.item["valid_until"] = {"N": str(int(time.time()))}
    assert calls.statement(f"Bearer {KEY}")["Effect"] == "Deny"


def test_use_is_noted_once_a_day(calls: Calls) -> None:
    """The first use of a day writes the day; the next ones write nothing."""
    calls.policy(f"Bearer {KEY}")
    today = time.strftime("%Y-%m-%d", time.gmtime())
    assert calls.table.used == [{":day": {"S": today}}]
    calls.table.item["last_used_on"] = {"S": today}
    calls.policy(f"Bearer {KEY}")
    assert len(calls.table.used) == 1


def test_denied_use_is_not_noted(calls: Calls) -> None:
    """A suspended client's key does not count as used."""
    calls.table.item["state"] = {"S": "suspended"}
    calls.policy(f"Bearer {KEY}")
    assert calls.table.used == []


def test_use_that_cannot_be_noted(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day that cannot be written is a line of the log, and denies nobody."""

    def fails(_: object, key: str, day: str) -> None:
        raise AwsCallError("UpdateItem", "ThrottlingException")

    monkeypatch.setattr(ClientsTable, "note_use", fails)
    assert calls.statement(f"Bearer {KEY}")["Effect"] == "Allow"
    warning = json.loads(calls.log.getvalue().splitlines()[0])
    assert (warning["message"], warning["cause"]) == ("last use not noted", "ThrottlingException")


def _near_misses() -> list[str]:
    """Each character after the prefix changed, and other keys that are nearly KEY."""
    changed = [KEY[:place] + ("0" if KEY[place] != "0" else "1") + KEY[place + 1 :] for place in range(7, 56)]
    return [
        *changed,
        KEY[:-1],
        KEY + "0",
        KEY.replace("sk-bcg-", "sk-bcg_"),
        f"{KEY}\r\nX: 1",
        "bcg-" + "é" * 43,
    ]


@pytest.mark.parametrize("key", _near_misses())
def test_malformed_keys_are_not_looked_up(calls: Calls, key: str) -> None:
    """What has not the form of a key, or a wrong checksum, is denied without a call of DynamoDB."""
    assert calls.statement(f"Bearer {key}")["Effect"] == "Deny"
    assert calls.table.asked == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=32, max_size=32))
def test_unknown_keys_are_denied(calls: Calls, random: bytes) -> None:
    """A well-formed key that no client has is looked up and denied."""
    assert calls.statement(f"Bearer {from_random(random)}")["Effect"] == "Deny"


def test_ten_thousand_wrong_keys(calls: Calls) -> None:
    """Of 10,000 keys cut, lengthened or with a wrong character or checksum, none reaches DynamoDB and all are denied."""
    for key in wrong_keys(10_000):
        assert calls.statement(f"Bearer {key}")["Effect"] == "Deny"
    assert calls.table.asked == []


def test_ten_thousand_unknown_keys(calls: Calls) -> None:
    """Of 10,000 well-formed keys that no client has, each is looked up and denied."""
    random = Random(7)  # noqa: S311 - the same in each run
    for _ in range(10_000):
        assert calls.statement(f"Bearer {from_random(random.randbytes(32))}")["Effect"] == "Deny"
    assert len(calls.table.asked) == 10_000


@pytest.mark.parametrize(("value", "allowed"), [(KEY, True), (EARLIER_KEY, True), (f" {KEY} ", True)])
def test_a_bare_key_is_read_where_the_environment_says_so(value: str, allowed: bool) -> None:
    """With Azure's header, API Gateway passes on the key alone."""
    assert bare(value) is allowed


@given(st.text() | st.sampled_from([f"Bearer {KEY}", f"{KEY} {KEY}", f"{KEY},", ""]))
def test_nothing_else_is_a_bare_key(value: str) -> None:
    """With Azure's header, `Bearer KEY` is no key, and no text is an error."""
    assert bare(value) is False


def bare(value: str) -> bool:
    """Whether the value of Azure's header is allowed."""
    table = Startup(lambda: ClientsTable(FakeTable(), "clients"))
    authorizer = Authorizer(table, logger_to(StringIO()), key_header="api-key")
    answer = authorizer.handle({"authorizationToken": value, "methodArn": ARN}, FakeContext())  # type: ignore[arg-type]
    return bool(answer["policyDocument"]["Statement"][0]["Effect"] == "Allow")
