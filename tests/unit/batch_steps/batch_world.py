"""The steps of batches on moto, with a clock of their own, a worker, and calls of AWS that can kill a step."""

from __future__ import annotations

import heapq
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any, cast

import boto3
import moto.s3.models
import pytest
from moto import mock_aws

from batch_steps import file_parts
from batch_steps.answers import Answers
from batch_steps.batch_table import BatchTable
from batch_steps.handler import StepsFunction, StepState
from batch_steps.input_file import InputFiles
from batch_steps.queues import StepQueues
from batch_steps.settings import StepSettings
from batch_steps.validation import InputLimits
from chat_gateway.client_policies.clients_table import ClientsTable
from chat_gateway.client_policies.policies import ClientPolicies
from chat_gateway.core.startup import Startup
from resource_items import batch_lines, batch_state, file_item, ids
from resource_items.batch_item import Batch
from resource_items.batch_lines import Line
from resource_items.batch_state import BatchState
from resource_items.file_item import File
from tests.unit import clients_table, moto_tables, resources_table
from tests.unit.batch_steps.input_lines import ENDPOINT, numbered
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to
from tests.unit.moto_calls import MotoCalls

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

RESOURCES, RECORDS, FILES, RESULTS = "resources", "job-records", "files", "large-results"
SETTINGS = StepSettings(
    resources_table=RESOURCES,
    files_bucket=FILES,
    records_table=RECORDS,
    results_bucket=RESULTS,
    jobs_queue_url="jobs",
    steps_queue_url="steps",
    max_lines=1000,
    max_input_bytes=1_000_000,
    max_line_bytes=1000,
    requests_per_minute=600,
    max_attempts=50,
)
CLIENT = "team-a"
START = 1_800_000_000.0
# The function's timeout, and the queue's visibility timeout.
STEP_S, VISIBILITY_S = 20, 30


class KilledError(BaseException):
    """Lambda killed the step. No code of ours may catch this."""


_READS = ("get_", "head_", "query", "batch_get_", "change_message_visibility")


@dataclass
class Killer:
    """Kills the step at each write of AWS for which `kills` is true of the write's number, once AWS has done it.

    A kill after a read, or before a call, is the same as a kill after the write before it.
    """

    kills: Callable[[int], bool] = lambda _: False
    writes: int = 0

    def call(self, name: str, operation: Callable[..., Any], *args: Any, **parameters: Any) -> Any:
        answer = operation(*args, **parameters)
        if not name.startswith(_READS):
            self.writes += 1
            if self.kills(self.writes):
                raise KilledError
        return answer


class KillingClient:
    """A client of AWS whose calls pass the killer."""

    def __init__(self, client: Any, killer: Killer) -> None:
        self._client, self._killer = client, killer

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)
        if name in ("get_paginator", "exceptions"):
            return operation
        return lambda *args, **parameters: self._killer.call(name, operation, *args, **parameters)


@dataclass
class FakeSqs:
    """Both queues. Step messages arrive when they are due by the world's clock."""

    world: BatchWorld
    jobs: list[dict[str, Any]] = field(default_factory=list)
    steps: list[tuple[float, int, str, int]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=itertools.count)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert QueueUrl == "jobs"
        assert 0 < len(Entries) <= 10
        self.jobs += [{**entry, "at": self.world.now} for entry in Entries]
        return {"Successful": []}

    def send_message(self, **parameters: Any) -> None:
        assert (parameters["QueueUrl"], parameters["MessageGroupId"]) == ("steps", CLIENT)
        assert 0 <= parameters["DelaySeconds"] <= 900
        self.put(parameters["MessageBody"], parameters["DelaySeconds"])

    def change_message_visibility(self, **parameters: Any) -> None:
        assert parameters["QueueUrl"] == "steps"
        self.world.visibility_s = parameters["VisibilityTimeout"]

    def put(self, body: str, delay_s: float, receives: int = 0) -> None:
        heapq.heappush(self.steps, (self.world.now + delay_s, next(self._order), body, receives))


@dataclass
class BatchWorld:
    """One account on moto. `worker` says what becomes of a line: an HTTP status, or None if the line is not run."""

    dynamodb: DynamoDBClient
    s3: S3Client
    now: float = START
    killer: Killer = field(default_factory=Killer)
    settings: StepSettings = SETTINGS
    worker: Callable[[int], int | None] = lambda _: 200
    visibility_s: float = VISIBILITY_S
    log: StringIO = field(default_factory=StringIO)
    remaining_ms: int = STEP_S * 1000
    timer: Callable[[], float] = lambda: 0.0
    paid: list[int] = field(default_factory=list)
    _answered: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.sqs = FakeSqs(self)
        limits = InputLimits(
            self.settings.max_lines, self.settings.max_input_bytes, self.settings.max_line_bytes
        )
        dynamodb, s3, sqs = (
            cast("Any", KillingClient(client, self.killer)) for client in (self.dynamodb, self.s3, self.sqs)
        )
        policies = ClientPolicies(
            ClientsTable(MotoCalls(self.dynamodb), clients_table.TABLE), clock=lambda: self.now
        )
        state = StepState(
            settings=self.settings,
            batches=BatchTable(dynamodb, RESOURCES),
            inputs=InputFiles(s3, FILES, limits),
            answers=Answers(dynamodb, RECORDS, s3, RESULTS),
            queues=StepQueues(cast("SQSClient", sqs), "jobs", "steps"),
            policies=policies,
        )
        self.function = StepsFunction(
            Startup(lambda: state), logger_to(self.log), clock=lambda: self.now, timer=lambda: self.timer()
        )

    def client(self, **policy: int) -> None:
        """Makes the client, or changes it."""
        self._put_client("active", policy)

    def client_again(self) -> None:
        """Makes another client with the same id."""
        self._put_client("active", {}, generation="0123456789abcdef")

    def suspend(self) -> None:
        """Suspends the client."""
        self._put_client("suspended", {})

    def _put_client(self, state: str, policy: dict[str, int], *, generation: str = "") -> None:
        item = {
            **({"generation": {"S": generation}} if generation else {}),
            "key_sha256": {"S": f"client#{CLIENT}"},
            "state": {"S": state},
            "policy": {"S": json.dumps({"v": 1, **policy})},
        }
        self.dynamodb.put_item(TableName=clients_table.TABLE, Item=item)

    def create(self, content: bytes, **changes: Any) -> Batch:
        """Makes a batch with this input, and asks for its first step."""
        file = File.new(CLIENT, filename="in.jsonl", purpose="batch", size_bytes=len(content), now_s=self.now)
        self.s3.put_object(Bucket=FILES, Key=file.object_key, Body=content)
        batch = Batch.new(CLIENT, endpoint=ENDPOINT, input_file_id=file.id, now_s=self.now, **changes)
        self.dynamodb.put_item(TableName=RESOURCES, Item=batch.item())
        self.dynamodb.put_item(TableName=RESOURCES, Item=batch_state.new(batch, file.object_key))
        self.sqs.put(batch_lines.step_message(batch.id), 1)
        return batch

    def of(self, lines: int, **changes: Any) -> Batch:
        """Makes a batch of that many valid lines."""
        return self.create(numbered(lines), **changes)

    def state(self, batch: Batch) -> dict[str, Any]:
        """The state's attributes, as texts."""
        item = self.dynamodb.get_item(TableName=RESOURCES, Key=batch_state.key(batch.id))["Item"]
        return {name: next(iter(value.values())) for name, value in item.items()}

    def set_status(self, batch: Batch, status: str) -> None:
        """Changes the status as the caller's cancel does."""
        self.dynamodb.update_item(
            TableName=RESOURCES,
            Key=batch_state.key(batch.id),
            UpdateExpression="SET #s = :s",
            ExpressionAttributeNames={"#s": "status"},
            ExpressionAttributeValues={":s": {"S": status}},
        )

    def step_until_sent(self, batch: Batch) -> None:
        """Delivers messages until all lines are sent."""
        for _ in range(20):
            state = self.state(batch)
            if state.get("sent_lines") == state.get("total_lines", ""):
                return
            assert self.step()
        pytest.fail("the lines were not sent")

    def step(self) -> bool:
        """Delivers the message that is due next. Returns whether there was one."""
        if not self.sqs.steps:
            return False
        due, _, body, receives = heapq.heappop(self.sqs.steps)
        self.now = max(self.now, due)
        self.visibility_s = VISIBILITY_S
        if not self._delivered(body, receives + 1):
            self.sqs.put(body, self.visibility_s, receives + 1)
        return True

    def _delivered(self, body: str, receives: int) -> bool:
        record = {
            "messageId": "m",
            "body": body,
            "receiptHandle": "r",
            "attributes": {"ApproximateReceiveCount": str(receives)},
        }
        try:
            answer = self.function.handle({"Records": [record]}, FakeContext(remaining_ms=self.remaining_ms))  # type: ignore[arg-type]
        except KilledError:
            return False
        return answer == {"batchItemFailures": []}

    def run(self, *, steps: int = 300) -> None:
        """Delivers messages, and works on the jobs between them, until there are no messages."""
        for _ in range(steps):
            if not self.step():
                return
            self.work()
        pytest.fail(f"{len(self.sqs.steps)} messages are left")

    def work(self) -> None:
        """Works on all jobs that were sent."""
        jobs, self.sqs.jobs[:] = list(self.sqs.jobs), []
        for job in jobs:
            assert job["MessageGroupId"] == CLIENT
            assert job["MessageAttributes"]["batch_line"]["StringValue"] == "1"
        lines = [batch_lines.from_message(job["MessageBody"]) for job in jobs]
        open_ids = {id_ for id_ in {line.batch_id for line in lines} if self._read(id_).runs_lines(self.now)}
        self.answer(*(line for line in lines if line.batch_id in open_ids))

    def answer(self, *lines: Line) -> None:
        """Runs lines, stores the answers, and counts them. A line that was run before is not run again."""
        statuses = {line: status for line in lines if (status := self.worker(line.number)) is not None}
        for line, status in statuses.items():
            if line.job_key not in self._answered:
                self._answered.add(line.job_key)
                self.paid.append(line.number)
                item = {"job": {"S": line.job_key}, "answer_line": {"S": result_line(line, status)}}
                self.dynamodb.put_item(TableName=RECORDS, Item=item)
        for chunk, name in {(line.chunk, _set(status)) for line, status in statuses.items()}:
            self._count(
                [line for line, status in statuses.items() if (line.chunk, _set(status)) == (chunk, name)],
                name,
            )

    def _count(self, lines: list[Line], name: str) -> None:
        """Counts lines of one chunk, and asks for a step if all lines are counted."""
        line = lines[0]
        chunk = self._add(line.chunk_key, name, [line.number for line in lines])
        total = self._read(line.batch_id).total_lines
        if batch_lines.is_full(chunk, line.chunk, total):
            full = self._add(batch_state.key(line.batch_id), batch_state.FULL_CHUNKS, [line.chunk])
            if len(full[batch_state.FULL_CHUNKS]["NS"]) == batch_lines.chunk_count(total):
                self.sqs.put(batch_lines.step_message(line.batch_id), 0)

    def _read(self, batch_id: str) -> BatchState:
        return BatchState.read(
            self.dynamodb.get_item(TableName=RESOURCES, Key=batch_state.key(batch_id))["Item"]
        )

    def _add(self, key: Any, name: str, numbers: list[int]) -> Any:
        return self.dynamodb.update_item(
            TableName=RESOURCES,
            Key=key,
            UpdateExpression="ADD #n :n",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":n": {"NS": [str(number) for number in numbers]}},
            ReturnValues="ALL_NEW",
        )["Attributes"]

    def lease(self, line: Line, until_s: float) -> None:
        """Lets a worker have a line."""
        item = {"job": {"S": line.job_key}, "leased_until": {"N": str(int(until_s))}}
        self.dynamodb.put_item(TableName=RECORDS, Item=item)

    def file(self, batch: Batch, kind: str) -> list[dict[str, Any]] | None:
        """The lines of a file of results. None if the client has no such file."""
        file_id = self.state(batch).get(batch_state.file_id(kind), "none")
        item = self.dynamodb.get_item(TableName=RESOURCES, Key=file_item.key(CLIENT, file_id)).get("Item")
        if item is None:
            return None
        file = File.read(item)
        content = self.s3.get_object(Bucket=FILES, Key=file.object_key)["Body"].read()
        assert (file.bytes, file.purpose) == (len(content), "batch_output")
        assert file.filename == f"{batch.id}_{kind}.jsonl"
        assert ids.is_id(file.id)
        return [json.loads(line) for line in content.splitlines()]

    def custom_ids(self, batch: Batch, kind: str) -> list[str]:
        """The custom ids in a file of results."""
        return [line["custom_id"] for line in self.file(batch, kind) or []]

    def logged(self) -> list[dict[str, Any]]:
        """The lines of the log."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def _set(status: int) -> str:
    return batch_lines.COMPLETED if status == 200 else batch_lines.FAILED


def result_line(line: Line, status: int) -> str:
    """The line of output that the worker stores."""
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    body = {"usage": usage} if status == 200 else {"error": {"message": "no"}}
    return json.dumps(
        {
            "id": f"batch_req_{line.job_key}",
            "custom_id": f"id-{line.number}",
            "response": {"status_code": status, "request_id": "r", "body": body},
            "error": None,
        }
    )


@contextmanager
def fresh(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Iterator[BatchWorld]:
    """A world with an active client. Parts of files are small, so that most files have several."""
    monkeypatch.setattr(file_parts, "PART_BYTES", 1500)
    monkeypatch.setattr(moto.s3.models, "S3_UPLOAD_PART_MIN_SIZE", 1)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
        clients_table.create(dynamodb)
        moto_tables.create(dynamodb, RECORDS, "job")
        resources_table.create(dynamodb, RESOURCES)
        for bucket in (FILES, RESULTS):
            s3.create_bucket(Bucket=bucket)
        world = BatchWorld(dynamodb, s3, **changes)
        world.client()
        yield world
