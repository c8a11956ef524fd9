"""The alarms and the dashboard of the deployed stack, read back from the local CloudWatch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from local.stack.local_stack import LocalStack
from tests import documents

STACK = "bedrock-chat-gateway-local"
ALARM = f"{STACK}-batch-dead-letters"  # no other test sends anything there


@pytest.fixture
def cloudwatch(stack: LocalStack) -> Any:
    return stack.session().client("cloudwatch")


@pytest.fixture
def alarms(cloudwatch: Any) -> dict[str, Any]:
    """The stack's alarms by the ends of their names."""
    found = cloudwatch.describe_alarms(AlarmNamePrefix=f"{STACK}-", MaxRecords=100)["MetricAlarms"]
    return {alarm["AlarmName"].removeprefix(f"{STACK}-"): alarm for alarm in found}


@pytest.fixture
def notified(stack: LocalStack) -> Iterator[str]:
    """The URL of a queue that gets what the alarms' topic sends."""
    outputs = (
        stack.session().client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
    )
    topic = next(output["OutputValue"] for output in outputs if output["OutputKey"] == "AlarmTopicArn")
    sqs, sns = stack.session().client("sqs"), stack.session().client("sns")
    url = sqs.create_queue(QueueName="notified-by-alarms")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    yield url
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)


def _notification(stack: LocalStack, url: str) -> dict[str, Any]:
    """The next notification in the queue."""
    sqs = stack.session().client("sqs")
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    notification: dict[str, Any] = json.loads(json.loads(message["Body"])["Message"])
    return notification


def test_alarms_are_deployed(alarms: dict[str, Any]) -> None:
    """The alarms that the emulator can have exist, with their limits. Those that compute are left out."""
    assert {
        "server-errors",
        "dead-letters",
        "old-jobs",
        "concurrency",
        "batch-steps",
    } <= alarms.keys()
    assert {f"function-errors-{name}" for name in ("api", "authorizer", "worker")} <= alarms.keys()
    assert "credentials" not in alarms
    assert alarms["server-errors"]["Statistic"] == "Average"
    assert alarms["dead-letters"]["Threshold"] == 1


def test_a_quiet_stack(alarms: dict[str, Any]) -> None:
    """No alarm takes missing data for a breach."""
    assert {alarm["TreatMissingData"] for alarm in alarms.values()} == {"notBreaching"}


def test_queues_of_alarms_exist(stack: LocalStack, alarms: dict[str, Any]) -> None:
    """The alarms of queues name queues of the stack."""
    (dimension,) = alarms["dead-letters"]["Dimensions"]
    assert dimension["Name"] == "QueueName"
    assert stack.dead_letter_queue_url.endswith(f"/{dimension['Value']}")


def test_an_alarm_notifies(stack: LocalStack, cloudwatch: Any, notified: str) -> None:
    """An alarm that goes off sends what it means, and the section of the runbook. When it is over, it sends that, too."""
    cloudwatch.set_alarm_state(AlarmName=ALARM, StateValue="ALARM", StateReason="a test")
    on = _notification(stack, notified)
    cloudwatch.set_alarm_state(AlarmName=ALARM, StateValue="OK", StateReason="a test")
    off = _notification(stack, notified)
    assert (on["AlarmName"], on["NewStateValue"]) == (ALARM, "ALARM")
    assert (off["AlarmName"], off["NewStateValue"]) == (ALARM, "OK")
    (section,) = re.findall(r"What to do: docs/operations\.md#(\S+)", on["AlarmDescription"])
    assert section in documents.sections("docs/operations.md")


def test_the_dashboard(cloudwatch: Any, stack: LocalStack) -> None:
    """The dashboard exists, and reads the stack's own functions, queues and log groups."""
    body = cloudwatch.get_dashboard(DashboardName=STACK)["DashboardBody"]
    assert len(json.loads(body)["widgets"]) > 15
    for name in (stack.chat_log_group, stack.worker_log_group, f"{STACK}-api", f"{STACK}-worker"):
        assert name in body
    assert stack.dead_letter_queue_url.rpartition("/")[2] in body


def test_filters_are_deployed(stack: LocalStack) -> None:
    """The stack's logs have the filters that two alarms need."""
    filters = stack.session().client("logs").describe_metric_filters()["metricFilters"]
    counted = {one["metricTransformations"][0]["metricName"] for one in filters}
    assert {"api_throttles", "batch_step_failures"} <= counted
