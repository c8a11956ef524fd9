"""The jobs worker with queues, a bucket and a table (moto), and a test's Bedrock."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from io import StringIO
from typing import TYPE_CHECKING, Any, TextIO

import boto3
import pytest
from moto import mock_aws

from chat_gateway.client_policies.clients_table import ClientsTable
from chat_gateway.client_policies.meter import Metering
from chat_gateway.client_policies.policies import ClientPolicies
from chat_gateway.client_policies.settings import UsageSettings
from chat_gateway.core.startup import Startup
from chat_gateway.jobs.delays import JobDelays
from chat_gateway.jobs.lines import JobMessage
from chat_gateway.jobs.post import JobPost
from chat_gateway.jobs.records import JobRecords
from chat_gateway.jobs.results import JobResults
from chat_gateway.jobs.settings import WorkerSettings
from chat_gateway.jobs.vetting.vetting import JobVetting, Vetted
from chat_gateway.jobs.worker import Storage, Worker, WorkerState
from chat_gateway.service.settings import UpstreamSettings
from tests.unit import clients_table, moto_clients, usage_table
from tests.unit.chat_gateway.api_calls import KEY, Bedrock, completions_for
from tests.unit.chat_gateway.job_messages import LINE
from tests.unit.chat_gateway.jobs import job_table
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to
from tests.unit.moto_calls import MotoCalls

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

UseBedrock = Callable[..., None]


def line(**change: Any) -> str:
    return json.dumps({**LINE, **change})


@dataclass
class Stack:
    """The worker's surroundings, and ways to give it jobs."""

    state: WorkerState
    log: TextIO
    now_s: float = 1_800_000_000.0  # of the records' clock
    make_worker: Callable[..., Worker] = Worker

    @property
    def storage(self) -> Storage:
        return self.state.storage

    @property
    def sqs(self) -> SQSClient:
        return self.storage.post.sqs

    @property
    def s3(self) -> S3Client:
        return self.storage.results.s3

    @property
    def jobs_url(self) -> str:
        return self.storage.post.jobs_url

    def change(self, **changes: Any) -> None:
        """Replaces a part of the worker's state from now on."""
        self.state = replace(self.state, **changes)

    def send(self, *lines: str) -> None:
        for line in lines:
            self.sqs.send_message(QueueUrl=self.jobs_url, MessageBody=line)

    def lose_records(self) -> None:
        """From now on the table cannot be used."""
        clients()[2].delete_table(TableName=job_table.TABLE)

    def record(self, key: str) -> dict[str, Any]:
        """The table's record of a job."""
        item: Any = clients()[2].get_item(TableName=job_table.TABLE, Key={"job": {"S": key}})["Item"]
        return dict(item)

    def deliver(
        self, *, attempt: int = 1, age_s: float = 0, key: str | None = None, sender: str = "AROAOWNER:session"
    ) -> list[dict[str, Any]]:
        """The messages in the jobs queue, as Lambda passes them to the worker."""
        records = []
        while received := self.sqs.receive_message(QueueUrl=self.jobs_url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            records += [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "messageAttributes": {} if key is None else {"idempotency_key": {"stringValue": key}},
                    "attributes": {
                        "ApproximateReceiveCount": str(attempt),
                        "SenderId": sender,
                        "SentTimestamp": str(int((self.now_s - age_s) * 1000)),
                    },
                }
                for message in received
            ]
        return records

    def work_on(self, *lines: str, attempt: int = 1, age_s: float = 0) -> set[str]:
        """Sends the lines, gives them to the worker, and returns the IDs that are to be retried."""
        self.send(*lines)
        return self.handle(self.deliver(attempt=attempt, age_s=age_s))

    def handle(self, records: list[dict[str, Any]], *, remaining_s: float = 900) -> set[str]:
        context = FakeContext(remaining_ms=int(remaining_s * 1000))
        worker = self.make_worker(Startup(lambda: self.state), logger_to(self.log), sleep=lambda _: None)
        failures = worker.handle({"Records": records}, context)["batchItemFailures"]  # type: ignore[arg-type]
        return {failure["itemIdentifier"] for failure in failures}

    def result_lines(self) -> list[str]:
        received = self.sqs.receive_message(QueueUrl=self.storage.post.results_url, MaxNumberOfMessages=10)
        return [message["Body"] for message in received.get("Messages", [])]

    def results(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.result_lines()]

    def dead_letters(self) -> list[tuple[str, dict[str, str]]]:
        """The dead letters, each with its attributes."""
        received = self.sqs.receive_message(
            QueueUrl=self.storage.post.dead_letters_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [
            (message["Body"], {n: v["StringValue"] for n, v in message["MessageAttributes"].items()})
            for message in received.get("Messages", [])
        ]


def again(records: list[dict[str, Any]], *, attempt: int = 2) -> list[dict[str, Any]]:
    """The same messages in another delivery."""
    attributes = {"ApproximateReceiveCount": str(attempt)}
    return [{**record, "attributes": {**record["attributes"], **attributes}} for record in records]


@cache
def clients() -> tuple[SQSClient, S3Client, DynamoDBClient]:
    """Created once, since each client takes longer than a test."""
    session = boto3.Session("testing", "testing", region_name="us-east-1")
    return session.client("sqs"), session.client("s3"), moto_clients.dynamodb()


class NoVetting(JobVetting):
    """Trusts every job, because a child process takes longer than a test."""

    def vet(self, messages: Sequence[JobMessage], *, until: float) -> Vetted:
        return Vetted()


@pytest.fixture
def stack(function_env: None, log: StringIO) -> Iterator[Stack]:
    with mock_aws():
        sqs, s3, dynamodb = clients()
        s3.create_bucket(Bucket="large-results")
        names = ("jobs", "results", "dead-letters")
        jobs_url, results_url, dead_url = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in names)
        storage = Storage(
            records=JobRecords(
                dynamodb=job_table.created(dynamodb),
                table=job_table.TABLE,
                kept_for_s=432_000,
                clock=lambda: made.now_s,
            ),
            results=JobResults(s3=s3, bucket="large-results"),
            post=JobPost(sqs=sqs, jobs_url=jobs_url, results_url=results_url, dead_letters_url=dead_url),
        )
        state = WorkerState(
            settings=WorkerSettings.from_env(),
            upstream=UpstreamSettings.from_env(),
            completions=completions_for(lambda _: pytest.fail("Bedrock was asked")),
            storage=storage,
            policies=ClientPolicies(ClientsTable(MotoCalls(dynamodb), clients_table.TABLE)),
            metering=lambda: Metering.of(UsageSettings.from_env(), MotoCalls(dynamodb)),
            delays=JobDelays(first_s=15, max_s=900, chance=lambda: 1.0),
            vetting=NoVetting(),
            lines=lambda: pytest.fail("no job is a line of a batch"),
        )
        clients_table.create(dynamodb)
        usage_table.create(dynamodb)
        made = Stack(state, log)
        yield made


@pytest.fixture
def use_bedrock(stack: Stack) -> UseBedrock:
    """Sets the handler that answers for Bedrock; `changes` are for the completions."""

    def use(bedrock: Bedrock, *, secret: str = KEY, **changes: Any) -> None:
        stack.change(completions=completions_for(bedrock, secret=secret, **changes))

    return use


@pytest.fixture
def hidden_s(stack: Stack) -> list[int]:
    """The visibility timeouts that the worker sets."""
    asked: list[int] = []
    stack.sqs.meta.events.register(
        "provide-client-params.sqs.ChangeMessageVisibilityBatch",
        lambda params, **_: asked.extend(entry["VisibilityTimeout"] for entry in params["Entries"]),
    )
    return asked
