"""The counts of docs/cost.md are those of the template."""

from __future__ import annotations

from benchmarks.cost import idle
from tests.infra.monitoring.stacks import alarms, metrics, monitored


def test_alarms() -> None:
    """The stack has as many alarms, and they read as many metrics, as the page calculates with."""
    found = alarms(monitored()).values()
    composite = [alarm for alarm in found if "AlarmRule" in alarm]
    assert len(found) - len(composite) == idle.ALARMS
    assert len(composite) == idle.COMPOSITE_ALARMS
    assert sum(len(metrics(alarm)) for alarm in found) == idle.ALARM_METRICS


def test_queues_that_lambda_polls() -> None:
    """Lambda polls as many queues as the page calculates with."""
    assert len(monitored().resources("AWS::Lambda::EventSourceMapping")) == idle.QUEUES
