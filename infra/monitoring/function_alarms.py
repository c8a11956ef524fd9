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
    _add(
        alarms,
        monitored,
        monitored.functions,
        "in three of the last fifteen minutes",
        Limit(at_least=1, bad=3, of=15),
    )
    _add(alarms, monitored, monitored.rarely_invoked, "in the last minutes", Limit(at_least=1))


def _add(
    alarms: RunbookAlarms, monitored: Monitored, functions: tuple[str, ...], when: str, limit: Limit
) -> None:
    metrics = Metrics(monitored, period_min=1)
    for function in functions:
        alarms.add(
            alarm_name(function),
            f"The function {monitored.stack_name}-{function} crashed, timed out or ran out of memory {when}.",
            metrics.function("Errors", function),
            limit,
            section=SECTION,
        )
