"""The SNS topic that alarms notify."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra import acknowledgements
from infra.settings.environment import Environment


def warn_if_unused(scope: Construct, environment: Environment) -> None:
    """Adds a warning if an environment without alarms says whom they notify."""
    monitoring = environment.monitoring
    if monitoring.alarm_emails or monitoring.alarm_topic_arn:
        cdk.Annotations.of(scope).add_warning_v2(
            "bedrock-chat-gateway:no-alarms-to-notify-of",
            "monitoring.alarm_emails and monitoring.alarm_topic_arn have no effect, because there are no alarms. "
            "Set monitoring.alarms = true.",
        )


class AlarmTopic(Construct):
    """The environment's own topic (`monitoring.alarm_topic_arn`), or a new one that writes to `monitoring.alarm_emails`."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_)
        given = environment.monitoring.alarm_topic_arn
        self.topic = (
            self._created(environment) if given is None else sns.Topic.from_topic_arn(self, "Given", given)
        )
        self.arn = self.topic.topic_arn

    def _created(self, environment: Environment) -> sns.ITopic:
        """The topic is not encrypted by a key: alarms cannot publish to a topic with the AWS-managed key, and a key of the
        customer costs $1 a month. https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"""
        topic = sns.Topic(self, "Topic", display_name=f"Alarms of {environment.stack_name}", enforce_ssl=True)
        topic.add_to_resource_policy(self._alarms_may_publish(topic))
        for number, address in enumerate(environment.monitoring.alarm_emails):
            self._subscribe(topic, number, address)
        if not environment.monitoring.alarm_emails:
            cdk.Annotations.of(self).add_warning_v2(
                "bedrock-chat-gateway:alarms-notify-nobody",
                "The alarms notify a topic without subscribers. Set monitoring.alarm_emails or monitoring.alarm_topic_arn.",
            )
        return topic

    def _alarms_may_publish(self, topic: sns.Topic) -> iam.PolicyStatement:
        """A policy of a topic replaces SNS's own policy, which lets the account's alarms publish."""
        stack = cdk.Stack.of(self)
        alarms = stack.format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name=f"{stack.stack_name}-*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        return iam.PolicyStatement(
            sid="AlarmsMayPublish",
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {"aws:SourceArn": alarms},
            },
        )

    def _subscribe(self, topic: sns.Topic, number: int, address: str) -> None:
        subscription = sns.Subscription(
            self, f"Email{number}", topic=topic, protocol=sns.SubscriptionProtocol.EMAIL, endpoint=address
        )
        acknowledgements.acknowledge(
            subscription,
            "Serverless-SNSRedrivePolicy",
            "A queue for e-mails that SNS could not send has no reader. The state of the alarm is kept in CloudWatch.",
        )
