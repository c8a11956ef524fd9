"""What the metrics in a job's line count: its deliveries, its end, and what failed."""

from __future__ import annotations

import json
from functools import partial
from io import StringIO
from typing import Any

import httpx
import pytest

from chat_gateway.jobs.worker import Worker
from chat_gateway.service.line_metrics import UNITS, LineMetrics
from tests.unit.chat_gateway.api_calls import COMPLETION
from tests.unit.chat_gateway.jobs.worker import batches
from tests.unit.chat_gateway.jobs.worker.conftest import Stack, UseBedrock, again, line

ANSWERED = httpx.Response(200, json=COMPLETION)
TOKENS = {"prompt_tokens": 3, "completion_tokens": 5}
TIMES = ("latency_ms",)


@pytest.fixture(autouse=True)
def _with_metrics(stack: Stack) -> None:
    stack.make_worker = partial(Worker, metrics=LineMetrics("test"))


def counted(log: StringIO) -> list[dict[str, Any]]:
    """The metrics of each line of a job, without the times."""
    lines = [json.loads(text) for text in log.getvalue().splitlines()]
    assert all("_aws" not in line for line in lines if line["message"] != "job")
    return [
        {name: line[name] for name in UNITS if name in line and name not in TIMES}
        for line in lines
        if line["message"] == "job"
    ]


def test_an_answered_job(stack: Stack, use_bedrock: UseBedrock, log: StringIO) -> None:
    """A job that is answered at once came in and went out, and the tokens are counted."""
    use_bedrock(lambda _: ANSWERED)
    stack.work_on(line())
    assert counted(log) == [{"requests": 1, **TOKENS, "jobs_in": 1, "jobs_out": 1}]


def test_an_error_line_goes_out(stack: Stack, use_bedrock: UseBedrock, log: StringIO) -> None:
    """A job that gets an error line went out, and is an error of its sender."""
    use_bedrock(lambda _: pytest.fail("asked"))
    stack.work_on("not json")
    assert counted(log) == [{"requests": 1, "errors": 1, "jobs_in": 1, "jobs_out": 1}]


@pytest.mark.parametrize(("status", "kind"), [(429, "throttles"), (500, "failures")])
def test_a_job_that_comes_again(
    stack: Stack, use_bedrock: UseBedrock, log: StringIO, status: int, kind: str
) -> None:
    """A job that is put back did not go out. Its next delivery does not come in again."""
    use_bedrock(lambda _: httpx.Response(status, json={"message": "later"}))
    stack.send(line())
    records = stack.deliver()
    stack.handle(records)
    use_bedrock(lambda _: ANSWERED)
    stack.handle(again(records))
    assert counted(log) == [
        {"requests": 1, "errors": 1, kind: 1, "retries": 3, "jobs_in": 1},
        {"requests": 1, **TOKENS, "jobs_out": 1},
    ]


def test_a_dead_letter(stack: Stack, use_bedrock: UseBedrock, log: StringIO) -> None:
    """A job that fails for the last time is dead, and did not go out."""
    use_bedrock(lambda _: httpx.Response(500, json={"message": "no"}))
    stack.work_on(line(), attempt=152)
    assert counted(log) == [{"requests": 1, "errors": 1, "failures": 1, "retries": 3, "jobs_dead": 1}]


def test_a_job_that_waits_is_no_error(stack: Stack, use_bedrock: UseBedrock, log: StringIO) -> None:
    """Too little time for another job is nobody's error: no attempt was made."""
    use_bedrock(lambda _: pytest.fail("asked"))
    stack.send(line())
    stack.handle(stack.deliver(), remaining_s=40)
    assert counted(log) == [{"requests": 1, "jobs_in": 1}]


def test_a_result_that_was_not_sent(
    stack: Stack, use_bedrock: UseBedrock, log: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job whose result could not be sent goes out with its next delivery."""
    use_bedrock(lambda _: ANSWERED)
    stack.send(line())
    records = stack.deliver()
    with monkeypatch.context() as patch:
        patch.setattr(type(stack.storage.post), "send_results", lambda _, lines: ["Throttled" for _ in lines])
        stack.handle(records)
    stack.handle(again(records))
    first, second = counted(log)
    assert first == {"requests": 1, **TOKENS, "jobs_in": 1}
    assert second == {"requests": 1, "jobs_out": 1}


def test_lines_of_batches_are_jobs(stack: Stack, use_bedrock: UseBedrock, log: StringIO) -> None:
    """A line of a batch that is answered goes out. A line that is not run does not."""
    use_bedrock(lambda _: ANSWERED)
    batch = batches.batches_of(stack).new(batches.numbered(2))
    batch.work([1])
    batch.change(status="cancelled")
    batch.work([2])
    assert counted(log) == [
        {"requests": 1, **TOKENS, "jobs_in": 1, "jobs_out": 1},
        {"requests": 1, "jobs_in": 1},
    ]
