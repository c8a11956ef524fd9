"""CodeDeploy hears Succeeded only if the guardrail holds in the new versions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from guardrail_proof.before_traffic import BeforeTraffic, report
from guardrail_proof.probes import Probe
from guardrail_proof.settings import NewVersions
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to
from tests.unit.guardrail_proof.test_new_versions import VERSIONS

HOLDS = Probe("a harmless prompt, streamed", None)
FAILS = Probe("the canary, in one piece", "ended with 'stop'; it must be blocked")
EVENT = {"DeploymentId": "d-ABCDEF123", "LifecycleEventHookExecutionId": "an-id"}


class Deployment:
    """Probes with the test's results, the stack's status, and what CodeDeploy heard."""

    def __init__(self) -> None:
        self.status = "UPDATE_IN_PROGRESS"
        self.probes: list[Probe | Exception] = []
        self.verdicts: list[str] = []
        self.log = StringIO()
        self._hook = BeforeTraffic(
            logger_to(self.log),
            tried=self._tried,
            status=lambda session, stack_id: self.status,
            report=lambda session, event, verdict: self.verdicts.append(verdict),
        )

    def _tried(self, versions: NewVersions, session: boto3.Session) -> Iterator[Probe]:
        assert versions == VERSIONS
        for probe in self.probes:
            if isinstance(probe, Exception):
                raise probe
            yield probe

    def run(self, *probes: Probe | Exception) -> str:
        """What CodeDeploy hears."""
        self.probes = list(probes)
        self._hook.handle(EVENT, FakeContext())  # type: ignore[arg-type]
        (verdict,) = self.verdicts
        return verdict

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Deployment:
    for name, value in VERSIONS.to_env().items():
        monkeypatch.setenv(name, value)
    return Deployment()


def test_succeeded(deployment: Deployment) -> None:
    """Each probe has a log line."""
    assert deployment.run(HOLDS, HOLDS) == "Succeeded"
    assert [line["message"] for line in deployment.lines] == ["guardrail probe"] * 2


def test_failed(deployment: Deployment) -> None:
    """One failed probe is enough, and the log names it."""
    assert deployment.run(HOLDS, FAILS) == "Failed"
    last = deployment.lines[-1]
    assert last["message"] == "guardrail not proven"
    assert "the canary, in one piece ended with 'stop'" in last["wrong"]


def test_any_exception_is_failed(deployment: Deployment) -> None:
    """What could not be tried gets no traffic. The exception's message, which may hold anything, is not logged."""
    assert deployment.run(HOLDS, RuntimeError("a secret")) == "Failed"
    assert deployment.lines[-1]["fault_class"] == "RuntimeError"
    assert "a secret" not in deployment.log.getvalue()


@pytest.mark.parametrize("name", ["CHAT_VERSION", "WORKER_VERSION", "PROOF_MODEL", "STACK_ID"])
def test_missing_variable_is_failed(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    assert deployment.run(HOLDS) == "Failed"


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"])
def test_rollback_is_not_tried(deployment: Deployment, status: str) -> None:
    """A rollback goes through: its failure would leave the stack between two versions."""
    deployment.status = status
    assert deployment.run(FAILS) == "Succeeded"
    assert [line["message"] for line in deployment.lines] == [
        "guardrail not tried: the stack is rolling back"
    ]


class Session:
    """A session with one client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def client(self, name: str) -> Any:
        assert name == "codedeploy"
        return self._client


@pytest.fixture
def codedeploy() -> Any:
    return boto3.client(
        "codedeploy", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )


def test_report(codedeploy: Any) -> None:
    """The report has the ids of CodeDeploy's event."""
    with Stubber(codedeploy) as stub:
        ids = {"deploymentId": "d-ABCDEF123", "lifecycleEventHookExecutionId": "an-id", "status": "Failed"}
        stub.add_response("put_lifecycle_event_hook_execution_status", {}, ids)
        report(Session(codedeploy), EVENT, "Failed")  # type: ignore[arg-type]
        stub.assert_no_pending_responses()


def test_refused_report_is_an_error(codedeploy: Any) -> None:
    """The function fails then. Without a report CodeDeploy does not move traffic either."""
    with Stubber(codedeploy) as stub:
        stub.add_client_error("put_lifecycle_event_hook_execution_status", "DeploymentDoesNotExistException")
        with pytest.raises(ClientError):
            report(Session(codedeploy), EVENT, "Succeeded")  # type: ignore[arg-type]
