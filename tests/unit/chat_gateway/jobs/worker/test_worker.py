"""The jobs worker on real queue semantics (moto): which jobs are answered, and which are retried."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import httpx
import pytest

from tests.unit.chat_gateway.api_calls import COMPLETION, PROMPT
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.jobs.worker.conftest import Stack, UseBedrock, line


def test_a_job_is_answered_with_a_line_of_batch_output(stack: Stack, use_bedrock: UseBedrock) -> None:
    use_bedrock(lambda _: httpx.Response(200, json=COMPLETION, headers={"x-amzn-requestid": "bedrock-id"}))
    assert stack.work_on(line()) == set()
    (result,) = stack.results()
    assert result["custom_id"] == "job-1"
    assert result["response"] == {"status_code": 200, "request_id": "bedrock-id", "body": COMPLETION}
    assert result["error"] is None


@pytest.mark.parametrize(
    ("job", "code"),
    [
        ("not json", "invalid_request_error"),
        (line(url="/v1/embeddings"), "invalid_request_error"),
        (line(body={**VALID, "stream": True}), "unsupported_value"),
        (line(body={**VALID, "pad": "x" * 300}), "request_too_large"),
    ],
)
def test_line_that_can_never_succeed(stack: Stack, use_bedrock: UseBedrock, job: str, code: str) -> None:
    """A line that can never succeed gets an error line, and is not retried."""
    stack.change(upstream=stack.state.upstream._replace(max_request_bytes=300))
    use_bedrock(lambda _: pytest.fail("asked"))
    assert stack.work_on(job) == set()
    (result,) = stack.results()
    assert result["error"]["code"] == code
    assert result["response"] is None
    assert stack.dead_letters() == []


@pytest.mark.parametrize("status", [400, 404, 413])
def test_what_bedrock_refuses_for_good_is_answered_with_its_error(
    stack: Stack, use_bedrock: UseBedrock, status: int
) -> None:
    use_bedrock(
        lambda _: httpx.Response(status, json={"message": "no"}, headers={"x-amzn-requestid": "bedrock-id"})
    )
    assert stack.work_on(line()) == set()
    (result,) = stack.results()
    assert result["response"]["status_code"] == status
    assert result["error"]["message"] == "no"


@pytest.mark.parametrize("status", [401, 403, 408, 424, 429, 500, 503, 529])
def test_what_may_pass_is_tried_again_and_sends_no_result(
    stack: Stack, use_bedrock: UseBedrock, status: int
) -> None:
    use_bedrock(lambda _: httpx.Response(status, json={"message": "later"}))
    assert len(stack.work_on(line())) == 1
    assert stack.results() == []


@pytest.mark.parametrize(("attempt", "delay_s"), [(1, 15), (2, 30), (4, 120), (7, 900), (151, 900)])
def test_retried_job_waits_longer_each_time(
    stack: Stack, use_bedrock: UseBedrock, hidden_s: list[int], attempt: int, delay_s: int
) -> None:
    """A retried job waits longer each time, but never for the whole visibility timeout."""
    use_bedrock(lambda _: httpx.Response(500))
    stack.work_on(line(), attempt=attempt)
    assert hidden_s == [delay_s]


def test_a_fault_of_ours_is_tried_again_as_soon(
    stack: Stack, use_bedrock: UseBedrock, hidden_s: list[int]
) -> None:
    use_bedrock(lambda _: httpx.Response(200, json=COMPLETION))
    stack.sqs.delete_queue(QueueUrl=stack.storage.post.results_url)
    assert len(stack.work_on(line())) == 1
    assert hidden_s == [15]


def test_while_the_key_is_refused_attempts_are_not_wasted(
    stack: Stack, use_bedrock: UseBedrock, hidden_s: list[int]
) -> None:
    use_bedrock(lambda _: httpx.Response(403, json={"Message": "Bearer Token has expired"}))
    stack.work_on(line())
    assert hidden_s == [900]


def test_one_bad_job_does_not_hold_up_the_others(stack: Stack, use_bedrock: UseBedrock) -> None:
    def bedrock(request: httpx.Request) -> httpx.Response:
        if json.loads(request.content)["model"] == "broken":
            raise LookupError(PROMPT)
        return httpx.Response(200, json=COMPLETION)

    use_bedrock(bedrock)
    jobs = [line(custom_id=f"job-{n}") for n in range(8)]
    failed = stack.work_on(*jobs, line(custom_id="bad", body={**VALID, "model": "broken"}))
    assert len(failed) == 1
    assert {result["custom_id"] for result in stack.results()} == {f"job-{n}" for n in range(8)}


def logged(log: StringIO, message: str) -> dict[str, Any]:
    """The one line with that message."""
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (found,) = [line for line in lines if line["message"] == message]
    return found  # type: ignore[no-any-return]


def test_a_log_line_joins_the_ids_of_a_job_and_holds_none_of_its_words(
    stack: Stack, use_bedrock: UseBedrock, log: StringIO
) -> None:
    use_bedrock(
        lambda _: httpx.Response(400, json={"message": PROMPT}, headers={"x-amzn-requestid": "bedrock-id"})
    )
    stack.work_on(line(body={**VALID, "messages": [{"role": "user", "content": PROMPT}]}))
    (result,) = stack.results()
    expected = {
        "message": "job",
        "level": "INFO",
        "request_id": result["id"],
        "bedrock_request_id": "bedrock-id",
        "lambda_request_id": "lambda-id",
        "model": VALID["model"],
        "receives": 1,
        "status": 400,
        "retried": False,
    }
    assert expected.items() <= logged(log, "job").items()
    assert PROMPT not in log.getvalue()


def test_a_batch_is_logged_before_its_jobs(stack: Stack, use_bedrock: UseBedrock, log: StringIO) -> None:
    """One line with the IDs of up to 100 jobs is logged first, since a worker that dies logs nothing more."""

    def bedrock(_: httpx.Request) -> httpx.Response:
        assert "jobs" in {json.loads(line)["message"] for line in log.getvalue().splitlines()}
        return httpx.Response(200, json=COMPLETION)

    use_bedrock(bedrock)
    stack.send(*(line(custom_id=f"job-{number}") for number in range(101)))
    records = stack.deliver()
    assert stack.handle(records) == set()
    written = logged(log, "jobs")
    assert written["jobs"] == [f"batch_req_{record['messageId']}" for record in records[:100]]
    assert (written["total"], written["lambda_request_id"]) == (101, "lambda-id")


def test_a_log_line_says_which_call_of_the_records_failed(
    stack: Stack, use_bedrock: UseBedrock, log: StringIO
) -> None:
    use_bedrock(lambda _: pytest.fail("asked"))
    stack.lose_records()
    stack.work_on(line())
    written = logged(log, "job")
    assert written["reason"] == "UpdateItem failed: ResourceNotFoundException"
    assert (written["level"], written["retried"], written["retry_in_s"]) == ("ERROR", True, 15)


def test_a_claim_that_cannot_be_given_back_does_not_hide_what_bedrock_said(
    stack: Stack, use_bedrock: UseBedrock, hidden_s: list[int], log: StringIO
) -> None:
    def throttled(_: httpx.Request) -> httpx.Response:
        stack.lose_records()
        return httpx.Response(429, headers={"retry-after": "60"})

    use_bedrock(throttled)
    stack.work_on(line())
    written = logged(log, "job")
    assert written["error_code"] == "rate_limit_exceeded"
    assert written["release_failure"] == "ResourceNotFoundException"
    assert hidden_s == [75]
