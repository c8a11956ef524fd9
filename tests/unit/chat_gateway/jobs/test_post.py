"""Which lines are sent together, and what is reported of the others."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.jobs.lines import QueueMessage
from chat_gateway.jobs.post import JobPost, PutBack

LIMIT_BYTES = 1_048_576


class FakeSqs:
    """Keeps sent messages; refuses the bodies or receipt handles in `refuses`, or everything, with `failure`."""

    def __init__(self, *refuses: str, failure: Exception | None = None) -> None:
        self.refuses, self.failure = refuses, failure
        self.calls: list[list[dict[str, Any]]] = []

    def _take(self, entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
        if self.failure is not None:
            raise self.failure
        self.calls.append(entries)
        failed = [{"Id": e["Id"], "Code": "Refused"} for e in entries if e[name] in self.refuses]
        return {"Failed": failed} if failed else {}

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        return self._take(Entries, "MessageBody")

    def change_message_visibility_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        return self._take(Entries, "ReceiptHandle")


def post(sqs: FakeSqs) -> JobPost:
    return JobPost(sqs=sqs, jobs_url="jobs", results_url="results", dead_letters_url="dead")  # type: ignore[arg-type]


@given(st.lists(st.integers(min_value=1, max_value=LIMIT_BYTES).map(lambda size: "x" * size), max_size=12))
def test_results_are_sent_within_sqs_limits(lines: list[str]) -> None:
    """Every line is sent once and in order, and no call exceeds what SQS accepts."""
    sqs = FakeSqs()
    assert post(sqs).send_results(lines) == [None] * len(lines)
    assert [entry["MessageBody"] for entries in sqs.calls for entry in entries] == lines
    assert all(len(entries) <= 10 for entries in sqs.calls)
    assert all(sum(len(entry["MessageBody"]) for entry in entries) <= LIMIT_BYTES for entries in sqs.calls)


def test_what_is_small_goes_ten_to_a_call() -> None:
    sqs = FakeSqs()
    post(sqs).send_results(["line"] * 25)
    post(sqs).put_back([PutBack(f"handle-{number}", number) for number in range(25)])
    assert [len(entries) for entries in sqs.calls] == [10, 10, 5] * 2
    assert sqs.calls[3][7]["VisibilityTimeout"] == 7


def test_a_refused_line_is_told_by_its_place_and_the_others_went() -> None:
    sqs = FakeSqs("bad")
    assert post(sqs).send_results([*["good"] * 11, "bad"]) == [*[None] * 11, "Refused"]


@pytest.mark.parametrize(
    ("failure", "name"),
    [
        (EndpointConnectionError(endpoint_url="x"), "EndpointConnectionError"),
        (ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessageBatch"), "AccessDenied"),
    ],
)
def test_a_failed_call_is_a_failure_of_each_and_no_exception(failure: Exception, name: str) -> None:
    failing = post(FakeSqs(failure=failure))
    assert failing.send_results(["a", "b"]) == [name, name]
    assert failing.send_dead_letters([QueueMessage("a", {})]) == [name]
    assert failing.put_back([PutBack("handle", 1)]) == [name]


KEY = {"idempotency_key": "k"}


@pytest.mark.parametrize(
    ("free_bytes", "kept"),
    [(47, {**KEY, "last_error_code": "busy"}), (46, KEY), (22, KEY), (21, {})],
)
def test_a_large_dead_letter_keeps_its_key(free_bytes: int, kept: dict[str, str]) -> None:
    """If not all attributes fit beside the body, a dead letter keeps its idempotency key, if that fits."""
    sqs = FakeSqs()
    letter = QueueMessage("x" * (LIMIT_BYTES - free_bytes), {**KEY, "last_error_code": "busy"})
    assert post(sqs).send_dead_letters([letter]) == [None]
    ((entry,),) = sqs.calls
    assert {name: value["StringValue"] for name, value in entry["MessageAttributes"].items()} == kept
