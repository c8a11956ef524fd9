"""A request is held to the policy of its client."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies.clients_table import ClientsTable
from chat_gateway.client_policies.policies import ClientPolicies
from chat_gateway.core.startup import Startup
from chat_gateway.http_api.handler import ChatFunction
from client_keys import item as client_item
from client_keys.no_limits import NO_LIMITS
from client_keys.policy import Policy
from response_streaming import buffered_elsewhere
from tests.unit import clients_table
from tests.unit.chat_gateway.api_calls import COMPLETION, STREAMING, ChatCalls, completions_for, event
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to
from tests.unit.moto_calls import MotoCalls


class Gateway:
    """A chat function with a clients table, and what Bedrock was asked."""

    def __init__(self, table: ClientsTable | None) -> None:
        self.asked: list[dict[str, Any]] = []
        self.log = StringIO()
        state = ChatCalls.of(completions_for(self._answer), self.log).state
        policies = None if table is None else ClientPolicies(table)
        function = ChatFunction(Startup(lambda: state), logger_to(self.log), policies=policies)
        self._handle = buffered_elsewhere(function.handle)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(json.loads(request.content))
        return httpx.Response(200, json=COMPLETION)

    def answer(self, policy: object, body: object = None) -> tuple[int, str | None]:
        """The status, and the error's code."""
        answer = self._handle(event(body, policy=policy), FakeContext())
        error = json.loads(answer["body"]).get("error") or {}
        return answer["statusCode"], error.get("code")


class Unreadable:
    """A DynamoDB that answers no call."""

    def call(
        self, operation: str, parameters: object, *, ends_at: float = 0, is_repeatable: bool = True
    ) -> dict[str, Any]:
        raise AwsCallError(operation, "ThrottlingException")


@pytest.fixture
def gateway() -> Gateway:
    """With a clients table that cannot be read."""
    return Gateway(ClientsTable(Unreadable(), clients_table.TABLE))


@pytest.fixture
def with_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """With a clients table in which `team-a` may use no model."""
    with clients_table.empty(monkeypatch) as dynamodb:
        item = {**client_item.of_client("team-a"), "policy": {"S": Policy(models=()).to_text()}}
        dynamodb.put_item(TableName=clients_table.TABLE, Item=item)
        yield Gateway(ClientsTable(MotoCalls(dynamodb), clients_table.TABLE))


def test_no_limits_need_no_table(gateway: Gateway) -> None:
    """A client without limits is answered without a read of the clients table."""
    assert gateway.answer(NO_LIMITS) == (200, None)


@pytest.mark.parametrize(
    ("policy", "body", "answer"),
    [
        (Policy(models=("qwen.*",)), VALID, (403, "model_not_allowed")),
        (Policy(may_stream=False), STREAMING, (403, "streaming_not_allowed")),
        (Policy(max_completion_tokens=5), {**VALID, "max_tokens": 6}, (400, "max_tokens_exceeded")),
        (Policy(max_completion_tokens=5), {**VALID, "max_tokens": 5}, (200, None)),
        (Policy(may_send_jobs=False), VALID, (200, None)),
    ],
)
def test_limits(gateway: Gateway, policy: Policy, body: object, answer: tuple[int, str | None]) -> None:
    """What the policy does not allow is refused before Bedrock is asked, with a code that says what."""
    assert gateway.answer(policy.to_text(), body) == answer
    assert len(gateway.asked) == (1 if answer[0] == 200 else 0)


def test_output_limit_is_sent(gateway: Gateway) -> None:
    """Where the caller sets no limit, Bedrock gets the client's."""
    gateway.answer(Policy(max_completion_tokens=5).to_text())
    assert gateway.asked[0]["max_completion_tokens"] == 5


@pytest.mark.parametrize("context", [None, "", '{"v":99}', "no JSON", 5, {"v": 1}])
def test_unknown_context_is_not_no_policy(with_table: Gateway, context: object) -> None:
    """Without a context that is known, the client's own policy holds."""
    assert with_table.answer(context) == (403, "model_not_allowed")


def test_unreadable_client_is_a_500(gateway: Gateway) -> None:
    """If the client's own item cannot be read, the request is not sent, and the log line says why."""
    assert gateway.answer(None) == (500, "internal_error")
    assert gateway.asked == []
    reason = json.loads(gateway.log.getvalue().splitlines()[-1])["reason"]
    assert reason == "GetItem failed: ThrottlingException"


def test_missing_table_is_a_500(function_env: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the table's name, a client that needs it gets a 500, and the log line names the variable."""
    monkeypatch.delenv("CLIENTS_TABLE")
    gateway = Gateway(None)
    assert gateway.answer(None) == (500, "internal_error")
    assert "CLIENTS_TABLE" in gateway.log.getvalue()


def test_no_limits_import_nothing() -> None:
    """The chat function's import brings in no code for policies, limits or usage."""
    code = "import sys; import chat_gateway.http_api.handler; print(*sys.modules)"
    root = Path(__file__).parents[4]
    paths = f"{root}/lambda_src:{root}/response-streaming/src"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": paths, "AWS_DEFAULT_REGION": "us-east-1"},
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = done.stdout.split()
    assert "client_keys.no_limits" in loaded
    assert not [name for name in loaded if name.startswith("chat_gateway.converse")]
    unwanted = {"client_keys.policy", "client_keys.key", "chat_gateway.client_policies", "client_usage"}
    assert unwanted.isdisjoint(loaded)
