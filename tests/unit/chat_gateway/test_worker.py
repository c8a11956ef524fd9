"""The jobs worker on real queue semantics (moto): what is answered, and what is tried again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from moto import mock_aws

from chat_gateway.completions import Completions
from chat_gateway.entrypoints import worker
from chat_gateway.job_results import JobResults
from tests.unit.chat_gateway.conftest import KEY, FakeContext
from tests.unit.chat_gateway.test_api import COMPLETION, PROMPT
from tests.unit.chat_gateway.test_bedrock import client_for
from tests.unit.chat_gateway.test_bedrock_key import FakeSecrets, api_key, key_credentials
from tests.unit.chat_gateway.test_chat_request import VALID
from tests.unit.chat_gateway.test_jobs import LINE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@dataclass
class Stack:
    """The worker's surroundings, and how to send it jobs."""

    sqs: SQSClient
    s3: S3Client
    jobs_url: str
    results_url: str
    sent: int = 0

    def work_on(self, *lines: str, attempt: int = 1) -> set[str]:
        """Sends the lines, hands them over as Lambda would, and returns the ids that are to be tried again."""
        for line in lines:
            self.sqs.send_message(QueueUrl=self.jobs_url, MessageBody=line)
        received = self.sqs.receive_message(
            QueueUrl=self.jobs_url,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )["Messages"]
        records = [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {"ApproximateReceiveCount": str(attempt)},
            }
            for message in received
        ]
        failures = worker.handle({"Records": records}, FakeContext())["batchItemFailures"]  # type: ignore[arg-type]
        return {failure["itemIdentifier"] for failure in failures}

    def results(self) -> list[dict[str, Any]]:
        messages = self.sqs.receive_message(QueueUrl=self.results_url, MaxNumberOfMessages=10).get(
            "Messages", []
        )
        return [json.loads(message["Body"]) for message in messages]


@pytest.fixture
def stack(function_env: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with mock_aws():
        sqs, s3 = boto3.client("sqs", "us-east-1"), boto3.client("s3", "us-east-1")
        s3.create_bucket(Bucket="large-results")
        jobs_url, results_url = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("jobs", "results"))
        monkeypatch.setenv("JOBS_QUEUE_URL", jobs_url)
        results = JobResults(sqs=sqs, s3=s3, queue_url=results_url, bucket="large-results")
        monkeypatch.setattr(worker, "_results", lambda: results)
        worker._settings.cache_clear()
        yield Stack(sqs, s3, jobs_url, results_url)
        worker._settings.cache_clear()


@pytest.fixture
def use_bedrock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def use(bedrock: Callable[[httpx.Request], httpx.Response], *, secret: str = KEY) -> None:
        completions = Completions(
            bedrock=client_for(bedrock),
            credentials=key_credentials(api_key(FakeSecrets(secret))),
            guardrail=None,
        )
        monkeypatch.setattr(worker, "_completions", lambda: completions)

    return use


def line(**change: Any) -> str:
    return json.dumps({**LINE, **change})


def test_a_job_is_answered_with_a_line_of_batch_output(
    stack: Stack, use_bedrock: Callable[..., None]
) -> None:
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
        (line(body={**VALID, "pad": "x" * 100}), "request_too_large"),
    ],
)
def test_what_can_never_succeed_is_answered_with_an_error_line_and_not_retried(
    stack: Stack, use_bedrock: Callable[..., None], monkeypatch: pytest.MonkeyPatch, job: str, code: str
) -> None:
    monkeypatch.setenv("MAX_REQUEST_BYTES", "150")
    use_bedrock(lambda _: pytest.fail("asked"))
    assert stack.work_on(job) == set()
    (result,) = stack.results()
    assert result["error"]["code"] == code
    assert result["response"] is None


@pytest.mark.parametrize("status", [400, 404, 413])
def test_what_bedrock_refuses_for_good_is_answered_with_its_error(
    stack: Stack, use_bedrock: Callable[..., None], status: int
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
    stack: Stack, use_bedrock: Callable[..., None], status: int
) -> None:
    use_bedrock(lambda _: httpx.Response(status, json={"message": "later"}))
    assert len(stack.work_on(line())) == 1
    assert stack.results() == []


@pytest.fixture
def hidden_s(stack: Stack) -> list[int]:
    """The visibility timeouts that the worker asks for."""
    asked: list[int] = []
    stack.sqs.meta.events.register(
        "provide-client-params.sqs.ChangeMessageVisibility",
        lambda params, **_: asked.append(params["VisibilityTimeout"]),
    )
    return asked


@pytest.mark.parametrize(("attempt", "delay_s"), [(1, 15), (2, 30), (4, 120), (7, 900), (500, 900)])
def test_a_job_tried_again_waits_longer_each_time_but_not_the_whole_visibility_timeout(
    stack: Stack, use_bedrock: Callable[..., None], hidden_s: list[int], attempt: int, delay_s: int
) -> None:
    use_bedrock(lambda _: httpx.Response(500))
    stack.work_on(line(), attempt=attempt)
    assert hidden_s == [delay_s]


def test_a_fault_of_ours_is_tried_again_as_soon(
    stack: Stack, use_bedrock: Callable[..., None], hidden_s: list[int]
) -> None:
    use_bedrock(lambda _: httpx.Response(200, json=COMPLETION))
    stack.sqs.delete_queue(QueueUrl=stack.results_url)
    assert len(stack.work_on(line())) == 1
    assert hidden_s == [15]


def test_while_the_key_is_refused_attempts_are_not_wasted(
    stack: Stack, use_bedrock: Callable[..., None], hidden_s: list[int]
) -> None:
    use_bedrock(lambda _: httpx.Response(403, json={"Message": "Bearer Token has expired"}))
    stack.work_on(line())
    assert hidden_s == [900]


def test_one_bad_job_does_not_hold_up_the_others(stack: Stack, use_bedrock: Callable[..., None]) -> None:
    def bedrock(request: httpx.Request) -> httpx.Response:
        if json.loads(request.content)["model"] == "broken":
            raise LookupError(PROMPT)
        return httpx.Response(200, json=COMPLETION)

    use_bedrock(bedrock)
    jobs = [line(custom_id=f"job-{n}") for n in range(8)]
    failed = stack.work_on(*jobs, line(custom_id="bad", body={**VALID, "model": "broken"}))
    assert len(failed) == 1
    assert {result["custom_id"] for result in stack.results()} == {f"job-{n}" for n in range(8)}


def test_a_result_over_the_queues_limit_lies_in_s3_and_the_line_points_there(
    stack: Stack, use_bedrock: Callable[..., None]
) -> None:
    large = {**COMPLETION, "pad": "x" * 1_048_576}
    use_bedrock(lambda _: httpx.Response(200, json=large))
    assert stack.work_on(line()) == set()
    (result,) = stack.results()
    assert result["response"]["body"] is None
    bucket, _, key = result["result_location"].removeprefix("s3://").partition("/")
    whole = json.load(stack.s3.get_object(Bucket=bucket, Key=key)["Body"])
    assert whole["response"]["body"] == large
    assert whole["custom_id"] == "job-1"


def test_a_log_line_joins_the_ids_of_a_job_and_holds_none_of_its_words(
    stack: Stack, use_bedrock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_bedrock(
        lambda _: httpx.Response(400, json={"message": PROMPT}, headers={"x-amzn-requestid": "bedrock-id"})
    )
    log = StringIO()
    monkeypatch.setattr(worker._logger.registered_handler, "stream", log)
    stack.work_on(line(body={**VALID, "messages": [{"role": "user", "content": PROMPT}]}))
    (result,) = stack.results()
    expected = {
        "message": "job",
        "level": "INFO",
        "request_id": result["id"],
        "bedrock_request_id": "bedrock-id",
        "lambda_request_id": "lambda-id",
        "model": VALID["model"],
        "attempt": 1,
        "status": 400,
        "retried": False,
    }
    assert expected.items() <= json.loads(log.getvalue()).items()
    assert PROMPT not in log.getvalue()
