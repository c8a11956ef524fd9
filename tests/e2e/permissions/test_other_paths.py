"""Paths of the functions that no other end-to-end test takes, and that need a permission of their own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from local.demonstration import job_lines
from local.stack.local_stack import LocalStack
from tests.e2e import batch_calls
from tests.e2e.batch_calls import answered, by_custom_id, ended, made, results, whole
from tests.e2e.clients_command import created, run
from tests.e2e.conftest import MODEL
from tests.e2e.deployed_functions import API
from tests.e2e.streaming_runtime import proxy_event

# In the result each character takes three times the bytes that it takes in the request. A result of more than 400 KB is kept
# in S3, and one of less than 1 MiB is sent as a message.
LARGE = "é " * 65_000
WHOLE: dict[str, Any] = {"max_tokens": 1_000_000}


@pytest.fixture
def owner(stack: LocalStack, sdk: OpenAI) -> Iterator[OpenAI]:
    """A client of this test's own."""
    client_id = f"permissions-{uuid.uuid4()}"
    yield sdk.with_options(api_key=created(stack, client_id))
    assert run(stack, "delete", client_id, "--files", "--yes").exit_code == 0


def large(custom_id: str) -> str:
    """A job with a large result, in UTF-8 as it is."""
    return json.dumps(json.loads(job_lines.job(custom_id, LARGE, **WHOLE)), ensure_ascii=False)


def test_policy_from_the_table(stack: LocalStack, owner: OpenAI) -> None:
    """Without the authorizer's context the chat function reads the client's item."""
    content = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}
    event = proxy_event(json.dumps(content).encode())
    event["requestContext"]["authorizer"] = {"principalId": "local"}
    functions = stack.session().client("lambda")
    answer = functions.invoke(FunctionName=API, Payload=json.dumps(event).encode())
    assert json.load(answer["Payload"])["statusCode"] == 200


def test_many_bad_lines(owner: OpenAI) -> None:
    """More errors than the batch's item has come from an object."""
    batch = ended(owner, made(owner, b"{\n" * 30))
    assert batch.errors is not None
    assert len(batch.errors.data or []) == 30


@pytest.mark.usefixtures("emptied_queues")
def test_large_result_sent_again(stack: LocalStack) -> None:
    """A job that comes twice is answered twice from the record, whose large line is in S3."""
    sqs, found = stack.session().client("sqs"), []
    for _ in range(2):
        sqs.send_message(
            QueueUrl=stack.jobs_queue_url,
            MessageBody=large("again"),
            MessageAttributes={"idempotency_key": {"DataType": "String", "StringValue": "sent-again"}},
        )
        found += job_lines.receive(stack.session(), stack.results_queue_url, count=1, within_s=60)
    assert len(found) == 2
    assert found[0] == found[1]


def test_large_output(owner: OpenAI) -> None:
    """A batch with large results has an output file that is written in parts."""
    batch = ended(owner, made(owner, whole([large(f"id-{number}") for number in range(19)])))
    assert batch.status == "completed"
    assert len(results(owner, batch.output_file_id)) == 19


def test_step_that_waits(owner: OpenAI) -> None:
    """A step that waits for a line keeps the lines before it."""
    slow = {"standin_fault": {"delay_s": 6}}
    batch = made(owner, whole([job_lines.job("a", "a"), job_lines.job("b", "b", **slow)]))
    answered(owner, batch, 1)
    owner.batches.cancel(batch.id)
    batch = ended(owner, batch)
    assert batch.status == "cancelled"
    assert by_custom_id(owner, batch.output_file_id).keys() == {"a", "b"}
    assert batch_calls.counts(batch) == (2, 2, 0)
