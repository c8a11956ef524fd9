"""Jobs through the queues of the deployed stack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.aws.guardrail_policy import BLOCKED_INPUT_MESSAGE, BLOCKED_WORD
from local.demonstration import job_lines
from local.stack.local_stack import LocalStack
from tests.e2e.standin import StandinControl

pytestmark = pytest.mark.usefixtures("emptied_queues")


def results_of(stack: LocalStack, *lines: str, within_s: float = 60) -> dict[str | None, dict[str, Any]]:
    """Sends the jobs and returns their results by custom_id."""
    session = stack.session()
    job_lines.send(session, stack.jobs_queue_url, list(lines))
    bodies = job_lines.receive(session, stack.results_queue_url, count=len(lines), within_s=within_s)
    results = [json.loads(body) for body in bodies]
    return {result["custom_id"]: result for result in results}


def test_twenty_jobs_with_a_bad_and_a_failing_one(stack: LocalStack) -> None:
    """Of 20 jobs, 18 are answered; the malformed one gets an error line; the failing one is a dead letter."""
    session = stack.session()
    good = [job_lines.job(f"job-{number}", f"number {number}") for number in range(18)]
    failing = job_lines.job("always-fails", "Hi", standin_fault={"status": 500})
    job_lines.send(session, stack.jobs_queue_url, [*good, "this is not JSON", failing])
    lines = job_lines.receive(session, stack.results_queue_url, count=19, within_s=60)
    (dead,) = job_lines.receive(session, stack.dead_letter_queue_url, count=1, within_s=60)
    results = [json.loads(line) for line in lines]
    answered = {result["custom_id"] for result in results if result["error"] is None}
    errors = [result for result in results if result["error"] is not None]
    assert answered == {f"job-{number}" for number in range(18)}
    assert [(error["custom_id"], error["response"]) for error in errors] == [(None, None)]
    assert json.loads(dead)["custom_id"] == "always-fails"


def test_a_result_is_openais_batch_output_with_bedrocks_id(stack: LocalStack) -> None:
    result = results_of(stack, job_lines.job("one", "Hi"))["one"]
    assert result.keys() == {"id", "custom_id", "response", "error"}
    assert result["response"]["status_code"] == 200
    assert result["response"]["request_id"]
    assert result["response"]["body"]["choices"][0]["message"]["content"] == "echo: Hi"


def test_what_fails_twice_and_then_passes_is_answered_once(
    stack: LocalStack, standin: StandinControl
) -> None:
    fault = {"status": 429, "times": 2, "id": "job-that-recovers"}
    results = results_of(stack, job_lines.job("recovers", "Hi", standin_fault=fault))
    assert results["recovers"]["error"] is None
    assert standin.counters()["by_status"] == {"429": 2, "200": 1}


def test_a_dead_letter_is_the_job_with_its_last_error(stack: LocalStack) -> None:
    session, line = stack.session(), job_lines.job("dies", "Hi", standin_fault={"status": 500})
    job_lines.send(session, stack.jobs_queue_url, [line])
    (letter,) = session.client("sqs").receive_message(
        QueueUrl=stack.dead_letter_queue_url, WaitTimeSeconds=20, MessageAttributeNames=["All"]
    )["Messages"]
    session.client("sqs").delete_message(
        QueueUrl=stack.dead_letter_queue_url, ReceiptHandle=letter["ReceiptHandle"]
    )
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert letter["Body"] == line
    assert (attributes["last_error_status"], attributes["attempts"]) == ("500", "3")
    assert attributes["last_error_code"]
    assert attributes["bedrock_request_id"]
    assert attributes["job_id"].startswith("batch_req_")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"stream": True}, "unsupported_value"),
        ({"messages": []}, "empty_array"),
        ({"model": "anthropic.claude-sonnet"}, "model_not_found"),
        ({"standin_fault": {"status": 400}}, "validation_error"),
        ({"amazon-bedrock-guardrailConfig": {"a": 1}}, "guardrail_override_not_allowed"),
    ],
)
def test_what_can_never_succeed_is_an_error_line(
    stack: LocalStack, change: dict[str, Any], code: str
) -> None:
    result = results_of(stack, job_lines.job("hopeless", "Hi", **change))["hopeless"]
    assert result["error"]["code"] == code


def test_the_guardrail_holds_for_jobs(stack: LocalStack, standin: StandinControl) -> None:
    result = results_of(stack, job_lines.job("blocked", f"Where do I buy {BLOCKED_WORD}?"))["blocked"]
    choice = result["response"]["body"]["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == (
        BLOCKED_INPUT_MESSAGE,
        "content_filter",
    )
    assert standin.counters()["generations"] == 0


def test_a_result_over_a_mebibyte_lies_in_s3_and_the_line_points_there(stack: LocalStack) -> None:
    # Escaped in the result's ASCII line, these characters take twice the bytes they took in the job.
    question = "é" * 300_000
    line = json.loads(job_lines.job("large", question, max_tokens=1_000_000))
    result = results_of(stack, json.dumps(line, ensure_ascii=False))["large"]
    assert result["response"]["body"] is None
    bucket, _, key = result["result_location"].removeprefix("s3://").partition("/")
    stored = stack.session().client("s3").get_object(Bucket=bucket, Key=key)["Body"]
    whole = json.load(stored)
    assert whole["response"]["body"]["choices"][0]["message"]["content"] == f"echo: {question}"
