"""What SQS gets: lines in their client's group, and steps with their delay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto import mock_aws

from batch_steps.queues import LinesNotSentError, StepQueues
from resource_items.batch_lines import Line

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LINES = [Line("batch_1", number) for number in range(1, 11)]


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch) -> Iterator[StepQueues]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        sqs = boto3.client("sqs")
        urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("jobs", "steps")]
        yield StepQueues(sqs, *urls)


def received(queues: StepQueues, url: str) -> list[Any]:
    answer = queues.sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
    )
    return list(answer.get("Messages", []))


def test_lines(queues: StepQueues) -> None:
    """A message has the batch and the line's number, the mark of a line and the client's group, and nothing else."""
    queues.send_lines(LINES, client="team-a")
    messages = received(queues, queues.jobs_url)
    assert sorted((json.loads(message["Body"]) for message in messages), key=lambda body: body["line"]) == [
        {"batch": "batch_1", "line": number} for number in range(1, 11)
    ]
    for message in messages:
        assert message["MessageAttributes"].keys() == {"batch_line"}
        assert message["MessageAttributes"]["batch_line"]["StringValue"] == "1"
        assert message["Attributes"]["MessageGroupId"] == "team-a"


@pytest.mark.parametrize("delay_s", [0, -1])
def test_a_step(queues: StepQueues, delay_s: int) -> None:
    """A step without a delay arrives at once, and comes again when it is put back."""
    queues.ask_for_step("batch_1", client="team-a", delay_s=delay_s)
    (message,) = received(queues, queues.steps_url)
    assert json.loads(message["Body"]) == {"batch": "batch_1"}
    assert received(queues, queues.steps_url) == []
    queues.put_back(message["ReceiptHandle"], delay_s=0)
    assert len(received(queues, queues.steps_url)) == 1


def test_a_delayed_step(queues: StepQueues) -> None:
    """A longer delay than SQS has is its longest one."""
    queues.ask_for_step("batch_1", client="team-a", delay_s=10_000)
    assert received(queues, queues.steps_url) == []


class RefusingSqs:
    """Refuses an entry as often as `refusals` says."""

    def __init__(self, refusals: int) -> None:
        self.refusals, self.sent = refusals, list[list[str]]()

    def send_message_batch(self, **parameters: Any) -> dict[str, Any]:
        self.sent.append([entry["Id"] for entry in parameters["Entries"]])
        self.refusals -= 1
        return {"Failed": [{"Id": "3", "Code": "InternalError"}]} if self.refusals >= 0 else {}


def test_a_line_that_is_refused(queues: StepQueues) -> None:
    """Only the refused line is sent again. If that does not help, the step fails, and says why."""
    once = RefusingSqs(1)
    queues._replace(sqs=cast("SQSClient", once)).send_lines(LINES, client="team-a")
    assert once.sent == [[str(number) for number in range(1, 11)], ["3"]]
    always = RefusingSqs(99)
    with pytest.raises(LinesNotSentError, match="InternalError"):
        queues._replace(sqs=cast("SQSClient", always)).send_lines(LINES, client="team-a")
    assert always.sent[1:] == [["3"], ["3"]]
