"""Alarms that name their section of the runbook, docs/operations.md."""

from __future__ import annotations

from typing import NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.platform import Platform

RUNBOOK = "docs/operations.md"
COMPUTED, COMPOSITE = "AWS::CloudWatch::Alarm.Metrics", "AWS::CloudWatch::CompositeAlarm"


class Limit(NamedTuple):
    """The value that a metric may not reach (`at_least`) or exceed (`above`), in `bad` of the last `of` periods."""

    at_least: float | None = None
    above: float | None = None
    bad: int = 1
    of: int = 1


class RunbookAlarms(Construct):
    """Alarms of one stack. Each has the name `{stack}-{name}`, and notifies `topic` when it goes off and when it ends.

    Missing data never breach a limit, so that a stack without requests has no alarm. On a platform without metric mathematics
    or composite alarms these are left out. `by_name` has the others.
    """

    def __init__(self, scope: Construct, id_: str, *, platform: Platform, topic: sns.ITopic) -> None:
        super().__init__(scope, id_)
        self._platform, self._action = platform, actions.SnsAction(topic)
        self.by_name: dict[str, cloudwatch.IAlarm] = {}

    def add(
        self, name: str, says: str, metric: cloudwatch.IMetric, limit: Limit, *, section: str | None = None
    ) -> None:
        """Adds an alarm. `says` is what it means, `section` the runbook's section if it is not `name`."""
        if isinstance(metric, cloudwatch.MathExpression) and not self._platform.has(COMPUTED):
            return
        operators = cloudwatch.ComparisonOperator
        is_inclusive = limit.at_least is not None
        alarm = cloudwatch.Alarm(
            self,
            _id(name),
            alarm_name=self._full_name(name),
            alarm_description=_description(says, section or name),
            metric=metric,
            threshold=limit.at_least if limit.at_least is not None else limit.above or 0,
            comparison_operator=(
                operators.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
                if is_inclusive
                else operators.GREATER_THAN_THRESHOLD
            ),
            evaluation_periods=limit.of,
            datapoints_to_alarm=limit.bad,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        self._notify(name, alarm)

    def add_any_of(self, name: str, says: str, names: tuple[str, ...]) -> None:
        """Adds a composite alarm that goes off while one of the alarms `names` is on."""
        if not self._platform.has(COMPOSITE):
            return
        alarm = cloudwatch.CompositeAlarm(
            self,
            _id(name),
            composite_alarm_name=self._full_name(name),
            alarm_description=_description(says, name),
            alarm_rule=cloudwatch.AlarmRule.any_of(
                *(
                    cloudwatch.AlarmRule.from_alarm(self.by_name[child], cloudwatch.AlarmState.ALARM)
                    for child in names
                )
            ),
        )
        self._notify(name, alarm)

    def _notify(self, name: str, alarm: cloudwatch.AlarmBase) -> None:
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)
        self.by_name[name] = alarm

    def _full_name(self, name: str) -> str:
        return f"{cdk.Stack.of(self).stack_name}-{name}"


def _id(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def _description(says: str, section: str) -> str:
    return f"{says} What to do: {RUNBOOK}#{section}"
