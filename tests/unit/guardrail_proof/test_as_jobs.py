"""As jobs, the proof finds its own results, and does not read or take others' results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from guardrail_proof import as_jobs
from guardrail_proof.as_jobs import Jobs
from tests.unit.chat_gateway.jobs import job_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Worker:
    """A session's clients: records each job's answer at the `after`-th read, blocked if it has the canary."""

    def __init__(self, dynamodb: DynamoDBClient, *, after: int = 1, reason: str | None = None) -> None:
        self._dynamodb, self._after, self._reason = dynamodb, after, reason
        self._answers: dict[str, str] = {}
        self._looks = 0

    def client(self, _: str) -> Worker:
        """Works like a session's method."""
        return self

    def send_message(self, *, MessageBody: str, MessageAttributes: Any, **_: str) -> None:  # noqa: N803
        key = MessageAttributes["idempotency_key"]["StringValue"]
        reason = self._reason or ("content_filter" if "canary" in MessageBody else "stop")
        response = {"body": {"choices": [{"finish_reason": reason}]}}
        self._answers[key] = json.dumps({"custom_id": "x", "response": response, "error": None})

    def get_item(self, *, Key: Any, **parameters: Any) -> Any:  # noqa: N803
        self._looks += 1
        key = Key["job"]["S"]
        if self._looks >= self._after:
            item: Any = {"job": {"S": key}, "answer_line": {"S": self._answers[key]}}
            self._dynamodb.put_item(TableName=job_table.TABLE, Item=item)
        return self._dynamodb.get_item(Key=Key, **parameters)


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(as_jobs, "POLL_S", 0)
    with mock_aws():
        dynamodb = boto3.client("dynamodb", "us-east-1")
        job_table.created(dynamodb)
        yield dynamodb


def prove(worker: Worker, *, within_s: float = 30) -> dict[str, str | None]:
    jobs = Jobs(
        queue_url="jobs", records_table=job_table.TABLE, model="m", canary="canary", within_s=within_s
    )
    session: Any = worker
    sent = as_jobs.send(jobs, session)
    return {probe.name: probe.says for probe in as_jobs.results(sent, jobs, session)}


PROVEN = {"the canary, as a job": None, "a harmless prompt, as a job": None}


def test_a_guardrail_that_holds_passes(dynamodb: DynamoDBClient) -> None:
    """Both probes pass if the canary's job is blocked and the harmless job is answered."""
    assert prove(Worker(dynamodb)) == PROVEN


def test_a_guardrail_that_does_nothing_fails_on_the_canary(dynamodb: DynamoDBClient) -> None:
    """If both jobs are answered, only the canary's probe fails."""
    says = prove(Worker(dynamodb, reason="stop"))
    assert [name for name, wrong in says.items() if wrong] == ["the canary, as a job"]


def test_a_result_that_is_not_there_yet_is_waited_for(dynamodb: DynamoDBClient) -> None:
    """The proof waits for a result, since its job may have to wait."""
    assert prove(Worker(dynamodb, after=5)) == PROVEN


def test_a_result_that_came_meanwhile_counts(dynamodb: DynamoDBClient) -> None:
    """The proof looks once for each result, also if other probes have taken the jobs' time."""
    assert prove(Worker(dynamodb), within_s=0) == PROVEN


def test_results_that_never_come_prove_nothing(dynamodb: DynamoDBClient) -> None:
    """If no result arrives in time, both probes fail and say why."""
    says = prove(Worker(dynamodb, after=99), within_s=0)
    assert all(wrong and "no result within 0 s" in wrong for wrong in says.values())
    assert len(says) == 2
