"""A batch runs at full width, and slows down or stops for Bedrock or the clock."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import httpx
import pytest

from chat_gateway.jobs.runs import JobRuns
from chat_gateway.jobs.worker import Worker
from tests.unit.chat_gateway.api_calls import COMPLETION
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.jobs.worker.conftest import Stack, UseBedrock, again, line

PATIENCE_S = 60


def answered(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=COMPLETION)


def throttled(headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(429, json={"message": "Too many requests"}, headers=headers)


def test_all_jobs_of_a_batch_are_in_flight_together_up_to_the_width(
    stack: Stack, use_bedrock: UseBedrock
) -> None:
    stack.change(settings=stack.state.settings._replace(width=40))
    together = threading.Barrier(40)

    def bedrock(request: httpx.Request) -> httpx.Response:
        together.wait(PATIENCE_S)
        return answered(request)

    use_bedrock(bedrock)
    assert stack.work_on(*(line(custom_id=f"job-{number}") for number in range(40))) == set()


def test_no_more_jobs_are_in_flight_than_the_width(stack: Stack, use_bedrock: UseBedrock) -> None:
    stack.change(settings=stack.state.settings._replace(width=3))
    lock, counts = threading.Lock(), {"now": 0, "most": 0}
    three = threading.Barrier(3)

    def bedrock(request: httpx.Request) -> httpx.Response:
        with lock:
            counts["now"] += 1
            counts["most"] = max(counts.values())
        three.wait(PATIENCE_S)
        with lock:
            counts["now"] -= 1
        return answered(request)

    use_bedrock(bedrock)
    assert stack.work_on(*(line(custom_id=f"job-{number}") for number in range(9))) == set()
    assert counts["most"] == 3


@pytest.mark.parametrize(
    ("headers", "delay_s"),
    [({"retry-after": "120"}, 135), ({"retry-after-ms": "4000"}, 19), ({"retry-after": "99999"}, 42_300)],
)
def test_a_throttled_job_waits_as_long_as_bedrock_asks_and_some_more(
    stack: Stack, use_bedrock: UseBedrock, hidden_s: list[int], headers: dict[str, str], delay_s: int
) -> None:
    use_bedrock(lambda _: throttled(headers))
    assert len(stack.work_on(line())) == 1
    assert hidden_s == [delay_s]


def test_once_bedrock_throttles_the_jobs_not_begun_are_put_back_unasked(
    stack: Stack, use_bedrock: UseBedrock, hidden_s: list[int]
) -> None:
    stack.change(settings=stack.state.settings._replace(width=1))
    asked: list[str] = []

    def bedrock(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content)["model"])
        return throttled({"retry-after": "120"}) if asked[-1] == VALID["model"] else answered(request)

    use_bedrock(bedrock)
    other_model = line(custom_id="other", body={**VALID, "model": "another"})
    failed = stack.work_on(*(line(custom_id=f"job-{number}") for number in range(5)), other_model)
    assert sorted(asked) == sorted([VALID["model"], "another"])
    assert len(failed) == 5
    assert hidden_s == [135] * 5
    assert [result["custom_id"] for result in stack.results()] == ["other"]


def test_a_refused_key_stops_the_jobs_of_every_model(
    stack: Stack, use_bedrock: UseBedrock, hidden_s: list[int]
) -> None:
    stack.change(settings=stack.state.settings._replace(width=1))
    asked: list[httpx.Request] = []

    def bedrock(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(403, json={"Message": "Bearer Token has expired"})

    use_bedrock(bedrock)
    jobs = [line(body={**VALID, "model": f"model-{number}"}) for number in range(3)]
    assert len(stack.work_on(*jobs)) == 3
    assert len(asked) == 1
    assert hidden_s == [900] * 3


@pytest.mark.parametrize("status", [401, 429, 503, 529])
def test_however_often_bedrock_is_busy_a_job_does_not_fail_by_it(
    stack: Stack, use_bedrock: UseBedrock, status: int
) -> None:
    stack.send(line())
    records = stack.deliver()
    use_bedrock(lambda _: httpx.Response(status, json={"message": "busy"}))
    for attempt in range(1, 13):
        assert len(stack.handle(again(records, attempt=attempt))) == 1
    use_bedrock(answered)
    assert stack.handle(again(records, attempt=13)) == set()
    assert [result["error"] for result in stack.results()] == [None]
    assert stack.dead_letters() == []


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_503_is_the_jobs_own_where_others_are_answered(
    stack: Stack, use_bedrock: UseBedrock, is_answered: bool
) -> None:
    """A 503 costs an attempt if Bedrock then answers another job of the same model, and otherwise nothing."""
    made: list[JobRuns] = []
    is_asked = threading.Event()

    class Watched(Worker):
        def runs(self, *args: Any) -> JobRuns:
            is_asked.clear()
            made.append(super().runs(*args))
            return made[-1]

    def bedrock(request: httpx.Request) -> httpx.Response:
        if "penalty" in json.loads(request.content):
            assert is_asked.wait(30)
            return httpx.Response(503, json={"message": "no such parameter"})
        is_asked.set()
        until = time.monotonic() + 30
        while not made[-1].busy and time.monotonic() < until:
            time.sleep(0.001)
        return answered(request) if is_answered else httpx.Response(503, json={"message": "busy"})

    stack.make_worker = Watched
    use_bedrock(bedrock)
    stack.send(line(custom_id="own", body={**VALID, "penalty": 1}))
    (record,) = stack.deliver()
    for attempt in range(1, 6):
        stack.send(line(custom_id=f"other-{attempt}"))
        others = [new for new in stack.deliver() if new["messageId"] != record["messageId"]]
        stack.handle([*again([record], attempt=attempt), *others])
    letters = [attributes for body, attributes in stack.dead_letters() if "penalty" in body]
    assert [letter["last_error_status"] for letter in letters] == (["503"] if is_answered else [])
    assert ("dead_letter" in stack.record(record["messageId"])) == is_answered


def test_job_without_enough_time_is_put_back(
    stack: Stack, use_bedrock: UseBedrock, hidden_s: list[int]
) -> None:
    """A job that cannot end before the function does is put back at once, and Bedrock is not asked."""
    use_bedrock(lambda _: pytest.fail("asked"))
    stack.send(line())
    assert len(stack.handle(stack.deliver(), remaining_s=49)) == 1  # 30 of them to store and send
    assert hidden_s == [0]


def test_jobs_whose_turn_comes_too_late_are_put_back_not_begun(
    stack: Stack, use_bedrock: UseBedrock, hidden_s: list[int]
) -> None:
    stack.change(settings=stack.state.settings._replace(width=1))
    made: list[JobRuns] = []

    class Watched(Worker):
        def runs(self, *args: Any) -> JobRuns:
            made.append(super().runs(*args))
            return made[-1]

    def slow(request: httpx.Request) -> httpx.Response:
        made[0].ends_at = made[0].clock() + 19
        return answered(request)

    stack.make_worker = Watched
    use_bedrock(slow)
    assert len(stack.work_on(*(line(custom_id=f"job-{number}") for number in range(4)))) == 3
    assert hidden_s == [0] * 3
    assert len(stack.results()) == 1


def test_a_job_still_running_near_the_functions_end_is_cut_and_put_back(
    stack: Stack, use_bedrock: UseBedrock
) -> None:
    stack.change(upstream=stack.state.upstream._replace(total_timeout_s=300))
    given_s: list[float] = []

    def bedrock(request: httpx.Request) -> httpx.Response:
        given_s.append(request.extensions["timeout"]["first_byte"])
        raise httpx.ReadTimeout("late")

    use_bedrock(bedrock)
    stack.send(line())
    assert len(stack.handle(stack.deliver(), remaining_s=60)) == 1
    assert 20 < given_s[0] <= 30  # what is left after the time to store and send
    assert stack.results() == []
