"""Whether an alarm of the stack is firing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway_cli.doctor import findings
from gateway_cli.doctor.findings import Result

if TYPE_CHECKING:
    from gateway_cli.doctor.deployment import Deployment

NAME = "alarms"


def check(deployment: Deployment) -> Result:
    """Whether no alarm of the stack is firing. Raises botocore's errors."""
    pages = (
        deployment.client("cloudwatch")
        .get_paginator("describe_alarms")
        .paginate(AlarmNamePrefix=f"{deployment.stack_name}-", AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    )
    alarms = [
        alarm
        for page in pages
        for kind in ("MetricAlarms", "CompositeAlarms")
        for alarm in page.get(kind, [])
    ]
    firing = sorted(alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM")
    if firing:
        return findings.problem(
            f"{len(firing)} of {len(alarms)} are firing: {', '.join(firing)}",
            "Their descriptions and docs/operations.md say what to do",
        )
    if not alarms:
        return findings.ok("there are none (the setting monitoring.alarms)")
    return findings.ok(f"none of {len(alarms)} is firing")
