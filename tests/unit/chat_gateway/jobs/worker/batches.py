"""A batch in the worker's surroundings: its state, its file and its index, and the messages of its lines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from chat_gateway.jobs.batch_lines.batch_lines import BatchLines
from chat_gateway.jobs.batch_lines.settings import BatchLinesSettings
from client_keys import item as client_item
from client_keys.policy import UNLIMITED, Policy
from resource_items import batch_lines, batch_state, ids
from resource_items.batch_lines import Line
from tests.unit import clients_table, resources_table
from tests.unit.chat_gateway.jobs.worker.conftest import Stack, clients, line
from tests.unit.moto_calls import MotoCalls

BUCKET, CLIENT = "files", "team-a"


def put_client(policy: Policy = UNLIMITED, **attributes: Any) -> None:
    """Puts the client whose batches these are."""
    item = {**client_item.of_client(CLIENT), "policy": {"S": policy.to_text()}, **attributes}
    clients()[2].put_item(TableName=clients_table.TABLE, Item=item)


@dataclass
class RunningBatch:
    """A batch whose lines are being run."""

    stack: Stack
    lines: list[bytes]
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.id = ids.new(ids.BATCH, self.stack.now_s)
        s3 = self.stack.s3
        s3.put_object(Bucket=BUCKET, Key=f"files/{self.id}", Body=b"".join(self.lines))
        offsets = accumulate(map(len, self.lines), initial=0)
        s3.put_object(Bucket=BUCKET, Key=batch_state.index_key(self.id), Body=batch_lines.index(offsets))
        self.change()

    def change(self, **changes: str) -> None:
        """Puts the state with these attributes in place of those of a batch that goes on."""
        texts = {
            batch_state.CLIENT: CLIENT,
            batch_state.STATUS: batch_state.IN_PROGRESS,
            batch_state.INPUT_KEY: f"files/{self.id}",
            batch_state.INDEX_KEY: batch_state.index_key(self.id),
        }
        item: dict[str, Any] = {name: {"S": changes.get(name, text)} for name, text in texts.items()}
        item[batch_state.DEADLINE] = {
            "N": changes.get(batch_state.DEADLINE, str(int(self.stack.now_s) + 86_400))
        }
        item[batch_state.TOTAL] = {"N": str(len(self.lines))}
        clients()[2].put_item(
            TableName=resources_table.TABLE, Item={**batch_state.key(self.id), **item, **self._full()}
        )

    def _full(self) -> dict[str, Any]:
        full = self.state().get(batch_state.FULL_CHUNKS)
        return {} if full is None else {batch_state.FULL_CHUNKS: full}

    def state(self) -> dict[str, Any]:
        """The item of its state."""
        return resources_table.item(clients()[2], batch_state.key(self.id))

    def chunk(self, number: int = 0) -> dict[str, Any]:
        """The item of a chunk."""
        return resources_table.item(clients()[2], batch_lines.chunk_key(self.id, number))

    def put_counted(self, lines: Iterable[int], *, number: int) -> None:
        """Puts a chunk whose lines with these numbers are completed."""
        completed = {batch_lines.COMPLETED: {"NS": [str(line) for line in lines]}}
        item: Any = {**batch_lines.chunk_key(self.id, number), **completed}
        clients()[2].put_item(TableName=resources_table.TABLE, Item=item)

    def counted(self) -> tuple[set[int], set[int]]:
        """The numbers of the lines that are counted as completed and as failed."""
        chunks = [self.chunk(number) for number in range(batch_lines.chunk_count(len(self.lines)))]
        completed, failed = (
            {int(number) for chunk in chunks for number in chunk.get(name, {}).get("NS", [])}
            for name in (batch_lines.COMPLETED, batch_lines.FAILED)
        )
        return completed, failed

    def record(self, number: int) -> dict[str, Any]:
        """The job record of a line."""
        return self.stack.record(Line(self.id, number).job_key)

    def kept(self, number: int) -> dict[str, Any]:
        """The output line in a line's record, or in the object that the record names."""
        record = self.record(number)
        if "answer_line" in record:
            return json.loads(record["answer_line"]["S"])  # type: ignore[no-any-return]
        body = self.stack.s3.get_object(Bucket="large-results", Key=record["answer_key"]["S"])["Body"]
        return json.load(body)  # type: ignore[no-any-return]

    def is_error(self, number: int) -> bool:
        """Whether the line belongs in the error file."""
        return "failed" in self.record(number)

    def deliver(self, numbers: Iterable[int] | None = None, *, attempt: int = 1) -> list[dict[str, Any]]:
        """The messages of the lines with these numbers, by default of all lines, as Lambda passes them on."""
        chosen = range(1, len(self.lines) + 1) if numbers is None else numbers
        self.stack.send(*(Line(self.id, number).message() for number in chosen))
        return [marked(record) for record in self.stack.deliver(attempt=attempt)]

    def work(self, numbers: Iterable[int] | None = None, *, attempt: int = 1) -> set[str]:
        """Gives the worker these lines, and returns the ids of the messages that are to be retried."""
        return self.stack.handle(self.deliver(numbers, attempt=attempt))


def marked(record: dict[str, Any]) -> dict[str, Any]:
    """The message with the attribute of a line."""
    return {**record, "messageAttributes": {batch_lines.MESSAGE_ATTRIBUTE: {"stringValue": "1"}}}


def encoded(*lines: str) -> list[bytes]:
    """The lines of a file."""
    return [f"{text}\n".encode() for text in lines]


def numbered(count: int) -> list[bytes]:
    """Lines whose custom_ids are line-1, line-2 and so on."""
    return encoded(*(line(custom_id=f"line-{number}") for number in range(1, count + 1)))


@dataclass(frozen=True)
class Batches:
    """Makes batches, and sees which steps the worker asks for."""

    stack: Stack
    steps_url: str

    def new(self, lines: list[bytes]) -> RunningBatch:
        return RunningBatch(self.stack, lines)

    def steps(self) -> list[str]:
        """The batches for whose next step the worker has asked since the last call."""
        sqs = self.stack.sqs
        received = sqs.receive_message(QueueUrl=self.steps_url, MaxNumberOfMessages=10).get("Messages", [])
        for message in received:
            sqs.delete_message(QueueUrl=self.steps_url, ReceiptHandle=message["ReceiptHandle"])
        return [batch_lines.batch_of_step(message["Body"]) for message in received]


def batches_of(stack: Stack) -> Batches:
    """Makes the table, bucket and queue, and gives them to the worker."""
    sqs, s3, dynamodb = clients()
    resources_table.create(dynamodb)
    s3.create_bucket(Bucket=BUCKET)
    steps_url = sqs.create_queue(QueueName="steps")["QueueUrl"]
    settings = BatchLinesSettings(resources_table.TABLE, BUCKET, steps_url)
    state = stack.state
    lines = BatchLines.of(settings, state.storage, MotoCalls(dynamodb), state.policies, width=4)
    stack.change(lines=lambda: lines)
    put_client()
    return Batches(stack, steps_url)
