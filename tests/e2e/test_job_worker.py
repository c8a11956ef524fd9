"""The deployed worker gets batches that the emulator's queues would not make."""

from __future__ import annotations

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.demonstration import job_lines
from local.stack.local_stack import LocalStack
from tests.e2e.deployed_functions import LIVE, WORKER
from tests.e2e.standin import StandinControl

pytestmark = pytest.mark.usefixtures("emptied_queues")

WIDTH = 100


def record(line: str) -> dict[str, Any]:
    """A message as Lambda passes it to the function."""
    return {
        "messageId": str(uuid.uuid4()),
        "receiptHandle": "of a message that no queue holds",
        "body": line,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(time.time() * 1000))},
    }


def failures(stack: LocalStack, records: list[dict[str, Any]]) -> list[str]:
    """Gives the worker one batch; returns the IDs that the worker wants delivered again."""
    functions = stack.session().client("lambda")
    answer = functions.invoke(FunctionName=WORKER, Qualifier=LIVE, Payload=json.dumps({"Records": records}))
    document = json.load(answer["Payload"])
    assert not answer.get("FunctionError"), document
    return [failure["itemIdentifier"] for failure in document["batchItemFailures"]]


def test_a_hundred_jobs_of_a_second_in_one_batch_are_in_flight_together(
    stack: LocalStack, standin: StandinControl
) -> None:
    asked = {f"wide-{number}" for number in range(WIDTH)}
    records = [record(job_lines.job(custom_id, "Hi", standin_fault={"delay_s": 1})) for custom_id in asked]
    assert failures(stack, records) == []
    counters = standin.counters()
    assert counters["max_in_flight"] == WIDTH
    assert counters["by_status"] == {"200": WIDTH}
    lines = job_lines.receive(stack.session(), stack.results_queue_url, count=WIDTH, within_s=30)
    results = [json.loads(line) for line in lines]
    assert {result["custom_id"] for result in results if result["error"] is None} == asked
    assert len(results) == WIDTH


def test_message_delivered_again_gets_the_same_line(stack: LocalStack, standin: StandinControl) -> None:
    """A message that is delivered again gets the same result line, and Bedrock is not asked again."""
    message = record(job_lines.job("twice", "Hi"))
    assert failures(stack, [message]) == failures(stack, [message]) == []
    first, second = job_lines.receive(stack.session(), stack.results_queue_url, count=2, within_s=30)
    assert first == second
    assert standin.counters()["requests"] == 1


def test_a_message_delivered_twice_at_the_same_time_is_asked_once(
    stack: LocalStack, standin: StandinControl
) -> None:
    message = record(job_lines.job("raced", "Hi", standin_fault={"delay_s": 1}))
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(lambda _: failures(stack, [message]), range(2)))
    sent = job_lines.receive(stack.session(), stack.results_queue_url, count=outcomes.count([]), within_s=30)
    assert len(set(sent)) == 1
    assert standin.counters()["requests"] == 1


def test_a_line_sent_twice_under_one_key_is_asked_once(stack: LocalStack, standin: StandinControl) -> None:
    session = stack.session()
    key = {"idempotency_key": {"DataType": "String", "StringValue": "sent-twice"}}
    for _ in range(2):
        session.client("sqs").send_message(
            QueueUrl=stack.jobs_queue_url,
            MessageBody=job_lines.job("sent-twice", "Hi"),
            MessageAttributes=key,  # type: ignore[arg-type]
        )
    sent = job_lines.receive(session, stack.results_queue_url, count=2, within_s=30)
    assert len(set(sent)) == 1
    assert standin.counters()["requests"] == 1


def test_another_line_under_a_used_key_conflicts(stack: LocalStack, standin: StandinControl) -> None:
    """On the emulator's DynamoDB too, the first line's answer stays, and Bedrock is not asked about the other."""
    key = {"idempotency_key": {"stringValue": uuid.uuid4().hex}}
    first, second = (
        {**record(job_lines.job(custom_id, "Hi")), "messageAttributes": key}
        for custom_id in ("owner", "forger")
    )
    for message in (first, second, first):
        assert failures(stack, [message]) == []
    lines = job_lines.receive(stack.session(), stack.results_queue_url, count=3, within_s=30)
    results = {
        (result["custom_id"], (result["error"] or {}).get("code")) for result in map(json.loads, lines)
    }
    assert results == {("owner", None), ("forger", "idempotency_key_conflict")}
    assert standin.counters()["requests"] == 1
