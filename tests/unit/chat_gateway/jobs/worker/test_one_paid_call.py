"""A job is paid for once if possible, and its consumer never gets two different lines."""

from __future__ import annotations

import itertools
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import httpx
import pytest

from chat_gateway.jobs import queue_record
from chat_gateway.jobs.post import JobPost
from tests.unit.chat_gateway.api_calls import COMPLETION
from tests.unit.chat_gateway.bedrock_calls import MAX_ANSWER_BYTES
from tests.unit.chat_gateway.jobs.worker.conftest import Stack, UseBedrock, again, line

PATIENCE_S = 10


class Killed(BaseException):
    """The end of a process."""


class Bedrock:
    """Gives a different answer to every call; the calls in `held` wait until they are released."""

    def __init__(self, *, pad: int = 0, held: tuple[int, ...] = ()) -> None:
        self.calls = 0
        self._pad = "x" * pad
        self._numbers = itertools.count(1)
        self.asked, self.go = threading.Event(), threading.Event()
        self._held = held

    def __call__(self, _: httpx.Request) -> httpx.Response:
        number = next(self._numbers)
        self.calls = number
        if number in self._held:
            self.asked.set()
            assert self.go.wait(PATIENCE_S)
        return httpx.Response(200, json={**COMPLETION, "call": number, "pad": self._pad})


def job_lines(log: StringIO) -> list[dict[str, Any]]:
    """The worker's log lines of jobs."""
    lines = map(json.loads, log.getvalue().splitlines())
    return [line for line in lines if line["message"] == "job"]


@pytest.mark.parametrize("pad", [0, 500_000, 1_100_000])
def test_crash_between_storing_and_sending(
    stack: Stack, use_bedrock: UseBedrock, monkeypatch: pytest.MonkeyPatch, pad: int
) -> None:
    """A crash between storing and sending a result is repaired without a second call."""
    bedrock = Bedrock(pad=pad)
    use_bedrock(bedrock)
    stack.send(line())
    records = stack.deliver()
    lost: list[str] = []

    def killed(_: JobPost, lines: list[str]) -> list[str | None]:
        lost.extend(lines)
        raise Killed

    with monkeypatch.context() as until_restarted:
        until_restarted.setattr(JobPost, "send_results", killed)
        with pytest.raises(Killed):
            stack.handle(records)
    assert stack.handle(again(records)) == set()
    assert stack.result_lines() == lost
    assert bedrock.calls == 1


def test_unsent_result_is_sent_later(
    stack: Stack, use_bedrock: UseBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A result that could not be sent is sent later, without a second call."""
    bedrock = Bedrock()
    use_bedrock(bedrock)
    stack.send(line())
    records = stack.deliver()
    with monkeypatch.context() as until_mended:
        until_mended.setattr(JobPost, "send_results", lambda _, lines: ["ServiceUnavailable"] * len(lines))
        assert len(stack.handle(records)) == 1
    assert stack.handle(again(records)) == set()
    assert len(stack.results()) == bedrock.calls == 1


def test_two_deliveries_of_one_message_at_the_same_time_make_one_call(
    stack: Stack, use_bedrock: UseBedrock, hidden_s: list[int], log: StringIO
) -> None:
    """The second delivery of a message waits for the first one's answer."""
    bedrock = Bedrock(held=(1,))
    use_bedrock(bedrock)
    stack.send(line())
    records = stack.deliver()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(stack.handle, records)
        assert bedrock.asked.wait(PATIENCE_S)
        assert len(stack.handle(again(records))) == 1
        bedrock.go.set()
        assert first.result() == set()
    assert bedrock.calls == 1
    assert {line["level"] for line in job_lines(log)} == {"INFO"}  # it is SQS's way, and no failure
    assert hidden_s[0] in range(900, 910)  # the time that the first invocation has left
    assert len(stack.results()) == 1


@pytest.mark.parametrize("pad", [0, 500_000, 1_100_000])
def test_a_delivery_after_the_answer_sends_the_same_line_again(
    stack: Stack, use_bedrock: UseBedrock, pad: int
) -> None:
    bedrock = Bedrock(pad=pad)
    use_bedrock(bedrock)
    stack.send(line())
    records = stack.deliver()
    stack.handle(records)
    stack.handle(again(records))
    first, second = stack.result_lines()
    assert first == second
    assert bedrock.calls == 1


@pytest.mark.parametrize("pad", [0, 500_000, 1_100_000])
def test_late_worker_sends_the_stored_line(stack: Stack, use_bedrock: UseBedrock, pad: int) -> None:
    """A worker that comes back after its lease sends the line that was stored first.

    There are never two different lines, wherever they are stored.
    """
    bedrock = Bedrock(pad=pad, held=(1,))
    use_bedrock(bedrock)
    stack.send(line())
    records = stack.deliver()
    with ThreadPoolExecutor() as pool:
        stale = pool.submit(stack.handle, records)
        assert bedrock.asked.wait(PATIENCE_S)
        stack.now_s += 1000
        assert stack.handle(again(records)) == set()
        bedrock.go.set()
        assert stale.result() == set()
    assert bedrock.calls == 2
    first, second = stack.result_lines()
    assert first == second
    assert whole(stack, first)["response"]["body"]["call"] == 2


def whole(stack: Stack, result: str) -> dict[str, Any]:
    """The line, fetched from S3 if it only points there."""
    document = json.loads(result)
    if "result_location" not in document:
        return document  # type: ignore[no-any-return]
    bucket, _, key = document["result_location"].removeprefix("s3://").partition("/")
    return json.load(stack.s3.get_object(Bucket=bucket, Key=key)["Body"])  # type: ignore[no-any-return]


def test_job_of_a_killed_worker_is_taken_over(
    stack: Stack, use_bedrock: UseBedrock, hidden_s: list[int]
) -> None:
    """The job of a killed worker is taken over when that worker's invocation must have ended."""
    bedrock = Bedrock()
    use_bedrock(bedrock)
    stack.send(line())
    records = stack.deliver()
    stack.storage.records.claim(queue_record.read(records[0]), owner="killed", lease_s=300)
    assert len(stack.handle(again(records))) == 1
    assert bedrock.calls == 0
    stack.now_s += hidden_s[0]
    assert stack.handle(again(records, attempt=3)) == set()
    assert len(stack.results()) == bedrock.calls == 1


def test_a_failed_attempt_lets_the_next_delivery_ask_at_once(stack: Stack, use_bedrock: UseBedrock) -> None:
    stack.send(line())
    records = stack.deliver()
    use_bedrock(lambda _: httpx.Response(500))
    assert len(stack.handle(records)) == 1
    use_bedrock(Bedrock())
    assert stack.handle(again(records)) == set()
    assert len(stack.results()) == 1


def test_bedrocks_refusal_of_a_job_is_not_asked_for_twice(stack: Stack, use_bedrock: UseBedrock) -> None:
    stack.send(line())
    records = stack.deliver()
    use_bedrock(lambda _: httpx.Response(400, json={"message": "no"}))
    stack.handle(records)
    use_bedrock(lambda _: pytest.fail("asked again"))
    stack.handle(again(records))
    first, second = stack.result_lines()
    assert first == second


def test_where_records_cannot_be_kept_bedrock_is_not_asked(stack: Stack, use_bedrock: UseBedrock) -> None:
    use_bedrock(lambda _: pytest.fail("asked"))
    stack.lose_records()
    assert len(stack.work_on(line())) == 1
    assert stack.results() == []


def test_an_answer_that_could_not_be_stored_is_not_sent(stack: Stack, use_bedrock: UseBedrock) -> None:
    """An answer that is not stored is not sent, since another delivery could send a different line."""

    def lose_the_table(_: httpx.Request) -> httpx.Response:
        stack.lose_records()
        return httpx.Response(200, json=COMPLETION)

    use_bedrock(lose_the_table)
    assert len(stack.work_on(line())) == 1
    assert stack.results() == []


def test_large_result_is_stored_in_s3(stack: Stack, use_bedrock: UseBedrock) -> None:
    """A result over the queue's limit is stored in S3, and the line says where."""
    use_bedrock(Bedrock(pad=1_048_576))
    assert stack.work_on(line()) == set()
    (result,) = stack.result_lines()
    assert json.loads(result)["response"]["body"] is None
    stored = whole(stack, result)
    assert stored["response"]["body"]["pad"] == "x" * 1_048_576
    assert stored["custom_id"] == "job-1"


def test_result_too_large_for_its_record(stack: Stack, use_bedrock: UseBedrock) -> None:
    """A result that SQS accepts is sent whole, even if its record cannot hold it."""
    use_bedrock(Bedrock(pad=500_000))
    assert stack.work_on(line()) == set()
    (result,) = stack.results()
    assert result["response"]["body"]["pad"] == "x" * 500_000
    assert "result_location" not in result


def test_answer_over_the_limit(stack: Stack, use_bedrock: UseBedrock) -> None:
    """An answer over the limit is the job's result, as an error. Another attempt would be paid for, and be as large."""
    bedrock = Bedrock(pad=MAX_ANSWER_BYTES)
    use_bedrock(bedrock)
    assert stack.work_on(line()) == set()
    (result,) = stack.results()
    assert (result["response"], result["error"]["code"]) == (None, "response_too_large")
    assert bedrock.calls == 1


def test_line_sent_twice_under_one_key(stack: Stack, use_bedrock: UseBedrock) -> None:
    """A line that was sent twice under one key makes one call, and gets the same result twice."""
    bedrock = Bedrock()
    use_bedrock(bedrock)
    for _ in range(2):
        stack.send(line())
        assert stack.handle(stack.deliver(key="submission-7")) == set()
    first, second = stack.result_lines()
    assert first == second
    assert json.loads(first)["id"] == "batch_req_submission-7"
    assert bedrock.calls == 1


@pytest.mark.parametrize(
    "forged", [line(custom_id="forged"), "not json", line(url="/v1/embeddings", custom_id="forged")]
)
@pytest.mark.parametrize("is_late", [False, True])
def test_another_line_under_a_used_key_conflicts(
    stack: Stack, use_bedrock: UseBedrock, forged: str, is_late: bool
) -> None:
    """Any other line under a used key gets its own error line; the first line's answer does not change."""
    bedrock = Bedrock()
    use_bedrock(bedrock)
    stack.send(line())
    first = stack.deliver(key="mine")
    if is_late:
        assert stack.handle(first) == set()
    else:
        stack.storage.records.claim(queue_record.read(first[0]), owner="at work", lease_s=1)
    stack.send(forged)
    second = stack.deliver(key="mine", sender="AROAFORGER:session")
    assert stack.handle(second) == set()
    stack.now_s += 10
    assert stack.handle(again(first)) == set()
    results = stack.results()
    assert bedrock.calls == 1
    (conflict,) = [result for result in results if result["error"] is not None]
    assert conflict["id"] == f"batch_req_{second[0]['messageId']}.conflict"
    assert conflict["custom_id"] == (None if forged == "not json" else "forged")
    assert conflict["error"]["code"] == "idempotency_key_conflict"
    assert {result["id"] for result in results} - {conflict["id"]} == {"batch_req_mine"}


def test_a_line_that_is_no_job_uses_up_its_key_too(stack: Stack, use_bedrock: UseBedrock) -> None:
    """A malformed line owns its key too, so that no other answer has the ID of its error line."""
    use_bedrock(Bedrock())
    for body in ("not json", line()):
        stack.send(body)
        assert stack.handle(stack.deliver(key="mine")) == set()
    refused, conflict = stack.results()
    assert (refused["id"], refused["error"]["code"]) == ("batch_req_mine", "invalid_request_error")
    assert conflict["error"]["code"] == "idempotency_key_conflict"


def test_conflict_of_unknown_senders(stack: Stack, use_bedrock: UseBedrock) -> None:
    """The log line of a conflict leaves out senders that SQS does not name. The schema of log lines wants a name."""
    use_bedrock(Bedrock())
    for custom_id in ("first", "second"):
        stack.send(line(custom_id=custom_id))
        stack.handle(stack.deliver(key="mine", sender=""))
    assert [result["error"] is None for result in stack.results()] == [True, False]


def test_a_conflict_that_comes_twice_is_one_line(stack: Stack, use_bedrock: UseBedrock) -> None:
    """A conflicting message that SQS delivers twice gets the same error line both times."""
    use_bedrock(Bedrock())
    stack.send(line())
    stack.handle(stack.deliver(key="mine"))
    stack.send(line(custom_id="other"))
    records = stack.deliver(key="mine")
    stack.handle(records)
    stack.handle(again(records))
    _, first, second = stack.result_lines()
    assert first == second


def test_an_object_too_long_to_be_a_line_is_not_read(stack: Stack, use_bedrock: UseBedrock) -> None:
    """An S3 object over the limit in place of a stored line is not read, and the job is not lost."""
    bedrock = Bedrock(pad=500_000)
    use_bedrock(bedrock)
    stack.send(line())
    records = stack.deliver()
    stack.handle(records)
    (key,) = [item["Key"] for item in stack.s3.list_objects_v2(Bucket="large-results")["Contents"]]
    stack.s3.put_object(Bucket="large-results", Key=key, Body=b" " * 1_048_577)
    assert len(stack.handle(again(records))) == 1
    assert len(stack.results()) == bedrock.calls == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "é"])
def test_what_is_no_key_is_as_none(stack: Stack, use_bedrock: UseBedrock, log: StringIO, key: str) -> None:
    """An invalid idempotency key is ignored, and the log says so."""
    use_bedrock(Bedrock())
    stack.send(line())
    (record,) = stack.deliver(key=key)
    stack.handle([record])
    assert stack.results()[0]["id"] == f"batch_req_{record['messageId']}"
    (logged,) = job_lines(log)
    assert logged["idempotency_key_ignored"] is True
