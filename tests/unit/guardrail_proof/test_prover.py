"""The deployment's proof makes its own client, names the failed probe, and does not run in a rollback."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from io import StringIO
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chat_gateway.client_policies.clients_table import ClientsTable
from chat_gateway.clients.authorizer import Authorizer
from chat_gateway.core.startup import Startup
from guardrail_proof import as_jobs, by_name, in_each_region, over_http
from guardrail_proof.plan import Plan
from guardrail_proof.probes import Probe
from guardrail_proof.prover import GuardrailNotProvenError, Prover
from guardrail_proof.settings import Gateway
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to
from tests.unit.guardrail_proof.prover_env import ENV

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HOLDS = Probe("the canary, streamed", None)
FAILS = Probe("the canary, in one piece", "ended with 'stop'; it must be blocked")


class Tried:
    """The probes, and the clients that existed while they ran."""

    def __init__(self, probes: list[Probe]) -> None:
        self.probes = probes
        self.keys: list[str] = []
        self.clients: list[dict[str, Any]] = []

    def over_http(self, endpoint: over_http.Endpoint) -> Iterator[Probe]:
        self.keys.append(endpoint.api_key)
        self.clients += boto3.client("dynamodb").scan(TableName="clients")["Items"]
        yield from self.probes


class Deployment:
    """A table of clients, probes with the test's results, and the stack's status."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.status, self.signs_as_function = "UPDATE_IN_PROGRESS", False
        self.tried = Tried([HOLDS])
        self.log = StringIO()
        self._prover = Prover(logger_to(self.log), status=lambda session, stack_id: self.status)
        monkeypatch.setattr(over_http, "over_http", self._over_http)
        monkeypatch.setattr(by_name, "by_name", lambda plan, endpoint: iter(()))
        monkeypatch.setattr(as_jobs, "send", lambda jobs, session: None)
        monkeypatch.setattr(as_jobs, "results", lambda sent, jobs, session: iter(()))
        monkeypatch.setattr(in_each_region, "in_each_region", self._in_each_region)

    def _over_http(self, endpoint: over_http.Endpoint) -> Iterator[Probe]:
        return self.tried.over_http(endpoint)

    def _in_each_region(
        self, gateway: Gateway, session: boto3.Session, *, signs_as_function: bool
    ) -> Iterator[Probe]:
        self.signs_as_function = signs_as_function
        yield HOLDS

    def run(self, *probes: Probe) -> None:
        self.tried.probes = list(probes)
        self._prover.handle({}, None)  # type: ignore[arg-type]


@pytest.fixture
def deployment(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    return Deployment(monkeypatch)


def clients() -> int:
    return boto3.client("dynamodb").scan(TableName="clients")["Count"]


def test_it_asks_as_a_client_that_exists_only_meanwhile(deployment: Deployment) -> None:
    deployment.run(HOLDS)
    ((key, items),) = zip(deployment.tried.keys, [deployment.tried.clients], strict=True)
    assert [item["key_sha256"]["S"] for item in items] == [hashlib.sha256(key.encode()).hexdigest()]
    assert clients() == 0


def test_the_prover_signs_as_the_functions_do(deployment: Deployment) -> None:
    """If Bedrock refuses the prover's own signature, it would refuse the functions' as well."""
    deployment.run(HOLDS)
    assert deployment.signs_as_function


def test_a_guardrail_that_does_not_hold_raises_and_names_the_probe(deployment: Deployment) -> None:
    with pytest.raises(GuardrailNotProvenError) as caught:
        deployment.run(HOLDS, FAILS)
    assert "the canary, in one piece ended with 'stop'" in str(caught.value)
    assert HOLDS.name not in str(caught.value)
    assert clients() == 0


def test_a_fault_of_the_proof_takes_its_client_away_too(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(endpoint: over_http.Endpoint) -> Iterator[Probe]:
        raise RuntimeError

    monkeypatch.setattr(over_http, "over_http", broken)
    with pytest.raises(RuntimeError):
        deployment.run()
    assert clients() == 0


class FakeTable:
    """The authorizer's table, with one item."""

    def __init__(self, item: dict[str, Any]) -> None:
        self.item = item

    def call(
        self, operation: str, parameters: object, *, ends_at: float = 0, is_repeatable: bool = True
    ) -> dict[str, Any]:
        return {"Item": self.item}


def effect_at(item: dict[str, Any], key: str, epoch_s: float) -> str:
    """The authorizer's answer to the key of `item` at that time."""
    table: Any = FakeTable(item)
    startup = Startup(lambda: ClientsTable(table, "clients"))
    authorizer = Authorizer(startup, logger_to(StringIO()), clock=lambda: epoch_s)
    event = {"authorizationToken": f"Bearer {key}", "methodArn": "arn:aws:execute-api:r:1:a/dev/POST/x"}
    policy = authorizer.handle(event, FakeContext())  # type: ignore[arg-type]
    effect: str = policy["policyDocument"]["Statement"][0]["Effect"]
    return effect


NAMES = Plan(names=("fast",), untried=(), models={"native": "m"}, regions=())


@pytest.mark.parametrize(
    ("plan", "within_s"), [(None, over_http.WITHIN_S), (NAMES, over_http.WITHIN_S + by_name.WITHIN_S)]
)
def test_client_left_behind_stops_working(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, plan: Plan | None, within_s: float
) -> None:
    """The proof's client works as long as the proof may take, and never after an hour, even if it is not deleted."""
    if plan is not None:
        monkeypatch.setenv("PROOF_PLAN", plan.to_text())
    began = time.time()
    deployment.run(HOLDS)
    (key,), (item,) = deployment.tried.keys, deployment.tried.clients
    assert effect_at(item, key, began + within_s) == "Allow"
    assert effect_at(item, key, began + 3600) == "Deny"


@pytest.mark.parametrize("status", ["ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"])
def test_a_rollback_is_not_tried(deployment: Deployment, status: str) -> None:
    deployment.status = status
    deployment.run(FAILS)
    assert deployment.tried.keys == []


@pytest.mark.parametrize("status", ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"])
def test_a_deployment_is_tried(deployment: Deployment, status: str) -> None:
    deployment.status = status
    with pytest.raises(GuardrailNotProvenError):
        deployment.run(FAILS)


def test_neither_prompt_nor_key_is_logged(deployment: Deployment) -> None:
    deployment.run(HOLDS)
    log = deployment.log
    assert HOLDS.name in log.getvalue()
    assert ENV["PROOF_CANARY"] + "." not in log.getvalue()
    assert deployment.tried.keys[0] not in log.getvalue()
