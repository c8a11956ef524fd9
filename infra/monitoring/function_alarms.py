"""The alarms of functions that crash, time out or run out of memory."""

from __future__ import annotations

from infra.monitoring.metrics import Metrics
from infra.monitoring.monitored import Monitored
from infra.monitoring.runbook_alarms import Limit, RunbookAlarms

SECTION = "function-errors"


def alarm_name(function: str) -> str:
    """The end of the name of the function's alarm."""
    return f"{SECTION}-{function}"


def add(alarms: RunbookAlarms, monitored: Monitored) -> None:
    """Adds an alarm for each function."""
    metrics = Metrics(monitored, period_min=1)
    for function in monitored.functions:
        alarms.add(
            alarm_name(function),
            f"The function {monitored.stack_name}-{function} crashed, timed out or ran out of memory in three of the last "
            "fifteen minutes.",
            metrics.function("Errors", function),
            Limit(at_least=1, bad=3, of=15),
            section=SECTION,
        )
