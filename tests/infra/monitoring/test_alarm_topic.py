"""The topic that alarms notify."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match

from infra.monitoring import alarm_topic
from infra.settings.problems import InvalidEnvironmentError
from tests.infra.conftest import changed, stack_of
from tests.infra.monitoring.stacks import ALL, EMAIL, alarms, monitored

ARN = "arn:aws:sns:eu-central-1:111122223333:on-call"


def _statements() -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = monitored().one("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    return statements


def test_each_address_is_subscribed() -> None:
    """The topic writes to the addresses of the settings."""
    subscription = monitored().one("AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", EMAIL)


def test_publishing_needs_tls() -> None:
    """Nobody may publish without TLS."""
    (deny,) = (statement for statement in _statements() if statement["Effect"] == "Deny")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert deny["Principal"] == "*"


def test_only_the_stacks_alarms_may_publish() -> None:
    """The only statement that allows anything is for this stack's alarms in this account."""
    (allow,) = (statement for statement in _statements() if statement["Effect"] == "Allow")
    assert allow["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allow["Action"] == "sns:Publish"
    assert allow["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert ":alarm:Stack-*" in str(allow["Condition"]["ArnLike"]["aws:SourceArn"])


def test_alarms_can_publish_to_it() -> None:
    """The topic has no AWS-managed key, to which CloudWatch cannot publish."""
    assert "KmsMasterKeyId" not in monitored().one("AWS::SNS::Topic")


def test_a_topic_of_your_own() -> None:
    """With a topic of the operator's, the stack creates none, and its alarms notify that one."""
    stack = stack_of(changed("prod", monitoring={**ALL, "alarm_topic_arn": ARN}))
    assert not stack.resources("AWS::SNS::Topic")
    assert alarms(stack)["gateway-down"]["AlarmActions"] == [ARN]
    assert stack.template["Outputs"]["AlarmTopicArn"]["Value"] == ARN


def test_addresses_and_a_topic_are_refused() -> None:
    """Addresses cannot be subscribed to the operator's own topic."""
    with pytest.raises(InvalidEnvironmentError, match="subscribe the addresses"):
        changed("prod", monitoring={**ALL, "alarm_topic_arn": ARN, "alarm_emails": [EMAIL]})


def test_a_topic_without_readers(capfd: pytest.CaptureFixture[str]) -> None:
    """Synthesis warns if the alarms notify nobody."""
    stack_of(changed("prod", monitoring=ALL))
    assert "alarms-notify-nobody" in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("monitoring", "count"), [({"alarm_emails": [EMAIL]}, 1), ({"alarm_topic_arn": ARN}, 1), ({}, 0)]
)
def test_addresses_without_alarms_are_warned_of(monitoring: dict[str, Any], count: int) -> None:
    """Without alarms nobody is notified, whatever the settings say."""
    stack = cdk.Stack(cdk.App(), "Stack")
    alarm_topic.warn_if_unused(stack, changed("prod", monitoring=monitoring))
    found = Annotations.from_stack(stack).find_warning(
        "*", Match.string_like_regexp("monitoring.alarms = true")
    )
    assert len(found) == count
