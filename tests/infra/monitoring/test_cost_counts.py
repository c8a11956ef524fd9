"""The counts of docs/cost.md are those of the template."""

from __future__ import annotations

from typing import Any

from benchmarks.cost import idle
from tests.infra.monitoring.stacks import monitored


def metrics_of(alarm: dict[str, Any]) -> int:
    """How many metrics the alarm reads. CloudWatch bills each of them."""
    return sum("MetricStat" in metric for metric in alarm.get("Metrics", [])) or 1


def test_alarms() -> None:
    """The stack has as many alarms, and they read as many metrics, as the page calculates with."""
    alarms = monitored().resources("AWS::CloudWatch::Alarm").values()
    assert len(alarms) == idle.ALARMS
    assert sum(map(metrics_of, alarms)) == idle.ALARM_METRICS
    assert len(monitored().resources("AWS::CloudWatch::CompositeAlarm")) == idle.COMPOSITE_ALARMS


def test_queues_that_lambda_polls() -> None:
    """Lambda polls as many queues as the page calculates with."""
    assert len(monitored().resources("AWS::Lambda::EventSourceMapping")) == idle.QUEUES
