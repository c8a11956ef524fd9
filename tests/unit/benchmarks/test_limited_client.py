"""A measured client with limits: its requests, and the checks of each answer."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import aws_answers, events, exchanges, limited_client
from benchmarks.exchanges import PRELUDE_END, FunctionTarget, Timing
from benchmarks.functions import Function
from benchmarks.limited_client import LimitedTarget
from benchmarks.managed_runtime import ManagedRuntime
from benchmarks.packages import Package
from benchmarks.stage import Stage
from chat_gateway.client_policies import charges
from chat_gateway.client_policies.counters import Counters, Reservation, Wanted
from chat_gateway.client_policies.update_expression import Update
from chat_gateway.client_policies.usage_records import UsageRecords
from client_keys import policy as client_policy
from client_keys.no_limits import CONTEXT, NO_LIMITS
from client_keys.policy import Policy
from client_usage import item as usage_item

UPDATE_ITEM = "DynamoDB_20120810.UpdateItem"
NOW_S, ENDS_AT = 1_795_392_000.0, math.inf
POLICY = Policy(
    max_completion_tokens=1000,
    requests_per_minute=10**6,
    tokens_per_minute=10**9,
    concurrent_requests=200,
)
CHARGES = charges.of(POLICY, tokens=40, cost_nano_usd=0, now_s=NOW_S)
WANTED = Wanted("0123456789abcdef", "team", CHARGES, 200, NOW_S, NOW_S + 60)
LIMIT = {"x-ratelimit-limit-requests": "1000000"}


class AnsweredDynamoDb:
    """DynamoDB with the upstream's answers. `asked` are all calls."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []

    def call(self, operation: str, parameters: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        self.asked.append(parameters)
        answer = aws_answers.answer(
            f"DynamoDB_20120810.{operation}".encode(), json.dumps(parameters).encode()
        )
        output: dict[str, Any] = json.loads(answer)
        return output


class AskedFunction:
    """A function that gives one answer, after it has sent `updates` to the upstream."""

    name, pid = "ours", 7

    def __init__(self, upstream: str, updates: Sequence[Mapping[str, Any]]) -> None:
        self.upstream, self.updates = upstream, updates
        self.status, self.headers = 200, LIMIT

    def exchange(self, _: bytes) -> tuple[Timing, bytes]:
        with closing(HTTPConnection(self.upstream)) as connection:
            for update in self.updates:
                connection.request("POST", "/", json.dumps(update), {"X-Amz-Target": UPDATE_ITEM})
                connection.getresponse().read()
        prelude = json.dumps({"statusCode": self.status, "headers": self.headers}).encode()
        return Timing(0.1, 0.2), prelude + PRELUDE_END + b'{"choices":[]}'


def updates_of_a_request() -> list[Mapping[str, Any]]:
    """What the gateway sends for one request."""
    dynamodb = AnsweredDynamoDb()
    counters = Counters(dynamodb, "usage")
    reservation = counters.reserve(WANTED, ends_at=ENDS_AT)
    assert isinstance(reservation, Reservation)
    counters.settle(reservation, {charges.TOKENS: 30}, now_s=NOW_S, ends_at=ENDS_AT)
    UsageRecords(dynamodb, "usage", 400).add("team", "bench", {"requests": 1}, now_s=NOW_S, ends_at=ENDS_AT)
    return dynamodb.asked


@pytest.fixture
def function(address: str) -> AskedFunction:
    return AskedFunction(address, updates_of_a_request())


@pytest.fixture
def target(function: AskedFunction, address: str) -> Iterator[LimitedTarget]:
    with closing(HTTPConnection(address)) as connection:
        yield LimitedTarget(cast("FunctionTarget", function), connection)


def test_policies_are_what_the_gateway_writes() -> None:
    """The benchmark writes policies literally, in the form and place in which the authorizer passes them on."""
    assert POLICY.to_text() == limited_client.POLICY
    assert client_policy.from_text(limited_client.POLICY).is_counted
    assert events.NO_LIMITS == NO_LIMITS
    for policy in (events.NO_LIMITS, limited_client.POLICY):
        event = json.loads(events.chat_event(b"{}", policy))
        assert event["requestContext"]["authorizer"][CONTEXT] == policy
        assert base64.b64decode(event["body"]) == b"{}"


def test_the_upstream_makes_a_reservation() -> None:
    """The gateway reads its reservation, and counters from 0, in the upstream's answer."""
    made = Counters(AnsweredDynamoDb(), "usage").reserve(WANTED, ends_at=ENDS_AT)
    assert isinstance(made, Reservation)
    assert [(counted.charge.measure, counted.value) for counted in made.counted()] == [
        ("requests", 1),
        ("tokens", 40),
    ]
    assert set(made.item["in_progress"]["M"]) == {WANTED.id}


def test_other_updates_of_usage_get_an_empty_answer() -> None:
    """DynamoDB answers an update that asks for no values with an empty object."""
    _, settlement, usage = updates_of_a_request()
    for update in (settlement, usage):
        assert aws_answers.answer(UPDATE_ITEM.encode(), json.dumps(update).encode()) == b"{}"


@given(st.dictionaries(st.text(), st.integers()), st.text(), st.text())
def test_any_update_is_answered_with_its_item(amounts: dict[str, int], attribute: str, entry: str) -> None:
    """The answer has every number that was added, and every entry that was set, whatever their names are."""
    update = Update()
    update.add({f"n{name}": amount for name, amount in amounts.items()})
    update.set((f"m{attribute}", entry), {"N": "7"})
    query = {"Key": usage_item.of_counters("team"), "ReturnValues": "ALL_NEW", **update.parameters()}
    answer = json.loads(aws_answers.answer(UPDATE_ITEM.encode(), json.dumps(query).encode()))
    numbers = {f"n{name}": {"N": str(amount)} for name, amount in amounts.items()}
    assert answer == {"Attributes": {**numbers, f"m{attribute}": {"M": {entry: {"N": "7"}}}}}


def test_a_counted_request_is_timed(target: LimitedTarget) -> None:
    """A request with the expected updates gives its time; updates before it do not count."""
    assert (target.name, target.pid) == ("ours, client with limits", 7)
    assert [target.ask(b"{}"), target.ask(b"{}")] == [Timing(0.1, 0.2)] * 2


@pytest.mark.parametrize("kept", [[], [0], [0, 1], [0, 2], [1, 2], [0, 0, 1, 2], [1, 0, 2]])
def test_other_updates_are_refused(target: LimitedTarget, function: AskedFunction, kept: list[int]) -> None:
    """A request is not timed if an update is missing, comes twice, or comes at another place."""
    function.updates = [function.updates[number] for number in kept]
    with pytest.raises(AssertionError, match="ours, client with limits made the updates"):
        target.ask(b"{}")


@pytest.mark.parametrize(
    ("status", "headers"), [(429, LIMIT), (200, {}), (200, {"x-ratelimit-limit-requests": "60"})]
)
def test_other_answers_are_refused(
    target: LimitedTarget, function: AskedFunction, status: int, headers: dict[str, str]
) -> None:
    """An error is not timed, and neither is an answer without the limit or with another one."""
    function.status, function.headers = status, headers
    with pytest.raises(AssertionError, match=f"answered with the status {status}"):
        target.ask(b"{}")


@pytest.mark.parametrize(("headers", "knows"), [(LIMIT, True), ({}, False), (None, False)])
def test_an_earlier_function_may_have_no_limits(
    headers: dict[str, str] | None, knows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that ignores the limits, or refuses the policy, is not measured with them."""

    class Earlier:
        def exchange(self, _: bytes) -> tuple[Timing, bytes]:
            assert headers is not None, "answered an error"
            return Timing(0.1, 0.2), json.dumps({"statusCode": 200, "headers": headers}).encode()

    monkeypatch.setattr(exchanges, "function_target", lambda *_, **__: nullcontext(Earlier()))
    stage = Stage(Path(), "127.0.0.1:1", ManagedRuntime(Path(), Path()))
    package = Package(folder=Path(), sources_only=Path(), zipped_bytes=0, zipped_sources_bytes=0)
    function = Function(name="earlier", package=package, handler="a.handle", env={})
    assert limited_client.is_known(function, stage) is knows
