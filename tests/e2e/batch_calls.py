"""Makes batches with OpenAI's SDK, and reads what became of them."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from openai import OpenAI

from local.demonstration import job_lines
from local.stack.local_stack import LocalStack
from resource_items import batch_lines, batch_state
from tests.e2e.deployed_functions import STEPS, variable

if TYPE_CHECKING:
    from openai.types import Batch

ENDPOINT: Any = "/v1/chat/completions"
# What must be in no log.
FILENAME, METADATA = "questions.jsonl", "the metadata of this batch"
REFUSED = {"standin_fault": {"status": 400}}
_WITHIN_S, _POLL_S = 120, 0.2


def lines(count: int, **changes: Any) -> bytes:
    """A batch's input."""
    return whole([job_lines.job(f"id-{n}", f"number {n}", **changes) for n in range(count)])


def whole(texts: Sequence[str]) -> bytes:
    """The lines as a file."""
    return "".join(f"{text}\n" for text in texts).encode()


def made(owner: OpenAI, content: bytes, **changes: Any) -> Batch:
    """A new batch with this input."""
    file = owner.files.create(file=(FILENAME, content), purpose="batch")
    return made_of(owner, file.id, **changes)


def made_of(owner: OpenAI, file_id: str, **changes: Any) -> Batch:
    """A new batch of a file."""
    return owner.batches.create(input_file_id=file_id, endpoint=ENDPOINT, completion_window="24h", **changes)


def reached(owner: OpenAI, batch: Batch, statuses: Collection[str]) -> Batch:
    """The batch when it has one of these statuses."""
    deadline = time.monotonic() + _WITHIN_S
    while (now := owner.batches.retrieve(batch.id)).status not in statuses:
        assert time.monotonic() < deadline, now
        time.sleep(_POLL_S)
    return now


def ended(owner: OpenAI, batch: Batch) -> Batch:
    """The batch when it has ended."""
    return reached(owner, batch, batch_state.FINAL)


def counts(batch: Batch) -> tuple[int, int, int]:
    """The batch's lines: all, the answered ones and the failed ones."""
    assert batch.request_counts is not None, batch
    return batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed


def answered(owner: OpenAI, batch: Batch, count: int) -> None:
    """Returns when so many lines of the batch have been answered."""
    deadline = time.monotonic() + _WITHIN_S
    while counts(now := owner.batches.retrieve(batch.id))[1] < count:
        assert time.monotonic() < deadline, now
        time.sleep(_POLL_S)


def results(owner: OpenAI, file_id: str | None) -> list[dict[str, Any]]:
    """The lines of a file of results; none without a file."""
    return [] if file_id is None else [json.loads(line) for line in owner.files.content(file_id).iter_lines()]


def by_custom_id(owner: OpenAI, file_id: str | None) -> dict[str, dict[str, Any]]:
    """The lines of a file of results. Each has an id of its own."""
    found = results(owner, file_id)
    by_id = {line["custom_id"]: line for line in found}
    assert len(by_id) == len(found)
    return by_id


def status(stack: LocalStack, batch: Batch) -> str:
    """The batch's status, also if its client may not ask for it."""
    item = (
        stack.session()
        .client("dynamodb")
        .get_item(TableName=variable(stack, "RESOURCES_TABLE", STEPS), Key=batch_state.key(batch.id))
    )
    return item["Item"][batch_state.STATUS]["S"]


def change_state(stack: LocalStack, batch: Batch, **numbers: int) -> None:
    """Changes numbers of the batch's state."""
    stack.session().client("dynamodb").update_item(
        TableName=variable(stack, "RESOURCES_TABLE", STEPS),
        Key=batch_state.key(batch.id),
        UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in numbers),
        ExpressionAttributeValues={f":{name}": {"N": str(number)} for name, number in numbers.items()},
    )


def ask_for_step(stack: LocalStack, batch: Batch) -> None:
    """Asks for the batch's next step, which is due later."""
    stack.session().client("sqs").send_message(
        QueueUrl=variable(stack, "BATCH_STEPS_QUEUE_URL", STEPS),
        MessageBody=batch_lines.step_message(batch.id),
    )
