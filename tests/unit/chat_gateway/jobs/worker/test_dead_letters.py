"""A job that keeps failing becomes a dead letter with its last error and without its text."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest

from chat_gateway.jobs import queue_record
from tests.unit.chat_gateway.api_calls import COMPLETION, PROMPT
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.jobs.worker.conftest import Stack, UseBedrock, again, line

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
SQS_MAX_ATTRIBUTES = 10
ASKS = line(body={**VALID, "messages": [{"role": "user", "content": PROMPT}]})


def failing(status: int = 500, **error: object) -> httpx.Response:
    return httpx.Response(
        status, json={"error": {"message": PROMPT, **error}}, headers={"x-amzn-requestid": "bedrock-id"}
    )


def test_last_failed_attempt_makes_a_dead_letter(stack: Stack, use_bedrock: UseBedrock) -> None:
    """A job that failed its last attempt becomes a dead letter with its last error."""
    use_bedrock(lambda _: failing(code="internal_failure"))
    stack.send(ASKS)
    records = stack.deliver()
    outcomes = [len(stack.handle(again(records, attempt=attempt))) for attempt in range(1, 6)]
    assert outcomes == [1, 1, 1, 1, 0]
    ((body, attributes),) = stack.dead_letters()
    assert body == ASKS
    assert datetime.fromisoformat(attributes.pop("failed_at")).tzinfo is not None
    assert len(attributes) < SQS_MAX_ATTRIBUTES
    assert attributes == {
        "idempotency_key": records[0]["messageId"],
        "sent_at": "2027-01-15T08:00:00+00:00",
        "job_id": f"batch_req_{records[0]['messageId']}",
        "last_error_class": "UpstreamError",
        "last_error_code": "internal_failure",
        "last_error_status": "500",
        "bedrock_request_id": "bedrock-id",
        "receives": "5",
        "attempts": "5",
    }
    assert stack.results() == []


def test_a_dead_letters_attributes_hold_nothing_of_what_bedrock_says(
    stack: Stack, use_bedrock: UseBedrock
) -> None:
    use_bedrock(lambda _: failing(code=PROMPT, type=PROMPT))
    stack.work_on(ASKS, attempt=152)
    ((_, attributes),) = stack.dead_letters()
    assert PROMPT not in str(attributes)
    assert attributes["last_error_code"] == "server_error"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "rate_limit_exceeded"),
        (401, "upstream_credentials_invalid"),
        (403, "upstream_access_denied"),
        (500, "server_error"),
    ],
)
def test_worker_moves_a_job_before_sqs_would(
    stack: Stack, use_bedrock: UseBedrock, status: int, code: str
) -> None:
    """Before SQS would move a job without a reason, the worker moves the job with its last error."""
    use_bedrock(lambda _: httpx.Response(status))
    assert stack.work_on(ASKS, attempt=152) == set()
    ((body, attributes),) = stack.dead_letters()
    assert (body, attributes["last_error_code"], attributes["receives"]) == (ASKS, code, "152")


def test_before_a_job_is_too_old_for_its_queue_it_is_a_dead_letter(
    stack: Stack, use_bedrock: UseBedrock
) -> None:
    use_bedrock(lambda _: httpx.Response(429, headers={"retry-after": "7200"}))
    assert stack.work_on(ASKS, age_s=302_400 - 7200 + 60) == set()
    assert len(stack.dead_letters()) == 1


def sent_back(stack: Stack, key: str) -> list[dict[str, Any]]:
    """The dead letter as its message after a redrive."""
    stack.send(ASKS)
    return stack.deliver(key=key)


def test_a_dead_letter_sent_back_has_all_its_attempts(stack: Stack, use_bedrock: UseBedrock) -> None:
    """A dead letter that is sent back under its key has five new attempts, and may become a dead letter again."""
    use_bedrock(lambda _: failing())
    stack.send(ASKS)
    first = stack.deliver(key="key-1")
    for records in (first, sent_back(stack, "key-1")):
        outcomes = [len(stack.handle(again(records, attempt=attempt))) for attempt in range(1, 6)]
        assert outcomes == [1, 1, 1, 1, 0]
    assert [attributes["attempts"] for _, attributes in stack.dead_letters()] == ["5", "5"]
    assert stack.record("key-1")["dead_letter"]["S"] not in {first[0]["messageId"], ""}


def test_a_dead_letter_sent_back_is_answered(stack: Stack, use_bedrock: UseBedrock) -> None:
    """The result of a dead letter that is sent back has the job's original ID."""
    use_bedrock(lambda _: failing())
    stack.send(ASKS)
    stack.handle(stack.deliver(attempt=152, key="key-1"))
    assert "dead_letter" in stack.record("key-1")
    use_bedrock(lambda _: httpx.Response(200, json=COMPLETION))
    assert stack.handle(sent_back(stack, "key-1")) == set()
    assert [result["id"] for result in stack.results()] == ["batch_req_key-1"]
    assert "dead_letter" not in stack.record("key-1")


def test_without_the_table_a_job_is_buried(stack: Stack, use_bedrock: UseBedrock) -> None:
    """A job becomes a dead letter even if the record cannot be changed."""
    use_bedrock(lambda _: pytest.fail("asked"))
    stack.lose_records()
    assert stack.work_on(ASKS, attempt=152) == set()
    assert len(stack.dead_letters()) == 1


def test_a_job_not_begun_says_what_held_it_back(stack: Stack, use_bedrock: UseBedrock) -> None:
    stack.change(settings=stack.state.settings._replace(width=1))
    use_bedrock(lambda _: httpx.Response(429, headers={"x-amzn-requestid": "bedrock-id"}))
    stack.work_on(ASKS, line(custom_id="second"), attempt=152)
    (_, first), (_, second) = stack.dead_letters()
    assert (first["last_error_class"], second["last_error_class"]) == ("UpstreamError", "JobNotBegunError")
    assert first["last_error_code"] == second["last_error_code"] == "rate_limit_exceeded"
    assert "bedrock_request_id" not in second  # it was not asked


def test_a_fault_of_ours_is_told_too(stack: Stack, use_bedrock: UseBedrock) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise LookupError(PROMPT)

    use_bedrock(broken)
    stack.work_on(ASKS, attempt=152)
    ((_, attributes),) = stack.dead_letters()
    assert attributes["last_error_code"] == "internal_error"
    assert PROMPT not in str(attributes)


def test_a_job_that_kills_its_workers_is_buried_without_being_asked_again(
    stack: Stack, use_bedrock: UseBedrock
) -> None:
    use_bedrock(lambda _: pytest.fail("asked"))
    stack.send(ASKS)
    records = stack.deliver()
    for number in range(5):
        stack.storage.records.claim(queue_record.read(records[0]), owner=f"killed-{number}", lease_s=300)
        stack.now_s += 1000
    assert stack.handle(again(records, attempt=6)) == set()
    ((_, attributes),) = stack.dead_letters()
    assert (attributes["last_error_code"], attributes["attempts"]) == ("workers_died", "5")


def test_a_dead_letter_that_cannot_be_sent_leaves_the_job_in_its_queue(
    stack: Stack, use_bedrock: UseBedrock
) -> None:
    use_bedrock(lambda _: httpx.Response(500))
    stack.sqs.delete_queue(QueueUrl=stack.storage.post.dead_letters_url)
    assert len(stack.work_on(ASKS, attempt=152)) == 1


def test_a_job_that_another_worker_holds_is_not_buried(stack: Stack, use_bedrock: UseBedrock) -> None:
    use_bedrock(lambda _: httpx.Response(200, json=COMPLETION))
    stack.send(ASKS)
    records = stack.deliver()
    stack.storage.records.claim(queue_record.read(records[0]), owner="alive", lease_s=300)
    assert len(stack.handle(again(records, attempt=152))) == 1
    assert stack.dead_letters() == []


NO_ACCESS = "User: arn:aws:iam::1:user/x is not authorized to perform: bedrock:InvokeModel on resource: y"


@pytest.mark.parametrize(
    "message", [NO_ACCESS, "INVALID_PAYMENT_INSTRUMENT: Your AWS Marketplace subscription has expired.", ""]
)
def test_forbidden_model_holds_back_no_other(stack: Stack, use_bedrock: UseBedrock, message: str) -> None:
    """A job whose model may not be used holds back no other job, and becomes a dead letter.

    A 403 that is not about the key fails that job only, which ends after five attempts.
    """

    def bedrock(request: httpx.Request) -> httpx.Response:
        if b"forbidden" in request.content:
            return httpx.Response(403, json={"Message": message})
        return httpx.Response(200, json=COMPLETION)

    use_bedrock(bedrock)
    stack.send(line(custom_id="no", body={**VALID, "model": "forbidden.model"}), line(custom_id="yes"))
    records = stack.deliver()
    for attempt in range(1, 6):
        stack.handle(again(records, attempt=attempt))
    assert {result["custom_id"] for result in stack.results()} == {"yes"}
    ((_, attributes),) = stack.dead_letters()
    assert (attributes["last_error_code"], attributes["attempts"]) == ("upstream_access_denied", "5")


def test_dead_letter_of_an_answer_that_cannot_be_stored(
    stack: Stack, use_bedrock: UseBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If an answer cannot be stored, the dead letter says what went wrong."""

    def broken(*_: object) -> None:
        raise OSError("no table")

    use_bedrock(lambda _: httpx.Response(200, json=COMPLETION))
    monkeypatch.setattr("chat_gateway.jobs.records.JobRecords.finish", broken)
    stack.send(line())
    records = stack.deliver()
    for attempt in range(1, 6):
        stack.handle(again(records, attempt=attempt))
    ((_, attributes),) = stack.dead_letters()
    assert (attributes["last_error_code"], attributes["attempts"]) == ("internal_error", "5")
