"""As jobs the proof finds its own results among others', and leaves those where they were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from guardrail_proof import as_jobs as as_jobs_module
from guardrail_proof.as_jobs import Queues, as_jobs

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Worker:
    """An SQS client that answers each job at once: blocked where it names the canary."""

    def __init__(self, sqs: SQSClient, results: str, *, loses: int = 0, reason: str | None = None) -> None:
        self._sqs, self._results, self._loses, self._reason = sqs, results, loses, reason

    def client(self, _: str) -> Worker:
        """As a session's."""
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sqs, name)

    def send_message(self, *, MessageBody: str, **_: str) -> None:  # noqa: N803 - boto3's name
        if self._loses:
            self._loses -= 1
            return
        reason = self._reason or ("content_filter" if "canary" in MessageBody else "stop")
        line = {
            "custom_id": json.loads(MessageBody)["custom_id"],
            "response": {"body": {"choices": [{"finish_reason": reason}]}},
            "error": None,
        }
        self._sqs.send_message(QueueUrl=self._results, MessageBody=json.dumps(line))


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[SQSClient]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(as_jobs_module, "_LONG_POLL_S", 0)
    with mock_aws():
        yield boto3.client("sqs", "us-east-1")


@pytest.fixture
def results(sqs: SQSClient) -> str:
    return sqs.create_queue(QueueName="results")["QueueUrl"]


def prove(worker: Worker, results: str, *, round_s: float = 5) -> dict[str, str | None]:
    queues = Queues(
        jobs_queue_url="jobs", results_queue_url=results, model="m", canary="canary", round_s=round_s
    )
    return {probe.name: probe.says for probe in as_jobs(queues, worker)}  # type: ignore[arg-type]


PROVEN = {"the canary, as a job": None, "a harmless prompt, as a job": None}


def test_a_guardrail_that_holds_passes(sqs: SQSClient, results: str) -> None:
    assert prove(Worker(sqs, results), results) == PROVEN


def test_a_guardrail_that_does_nothing_fails_on_the_canary(sqs: SQSClient, results: str) -> None:
    says = prove(Worker(sqs, results, reason="stop"), results)
    assert [name for name, wrong in says.items() if wrong] == ["the canary, as a job"]


def test_results_of_others_are_still_there_and_visible_at_once(sqs: SQSClient, results: str) -> None:
    others = {json.dumps({"custom_id": f"job-{n}"}) for n in range(24)} | {"not JSON", "[]"}
    for body in others:
        sqs.send_message(QueueUrl=results, MessageBody=body)
    assert prove(Worker(sqs, results), results) == PROVEN
    left: set[str] = set()
    while messages := sqs.receive_message(QueueUrl=results, MaxNumberOfMessages=10).get("Messages"):
        left |= {message["Body"] for message in messages}
    assert left == others


def test_a_job_whose_result_someone_else_took_is_sent_again(sqs: SQSClient, results: str) -> None:
    assert prove(Worker(sqs, results, loses=2), results, round_s=0.01) == PROVEN


def test_results_that_never_come_prove_nothing(sqs: SQSClient, results: str) -> None:
    says = prove(Worker(sqs, results, loses=99), results, round_s=0)
    assert all(wrong and "no result within 0 s" in wrong for wrong in says.values())
    assert len(says) == 2
