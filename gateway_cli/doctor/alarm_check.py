"""Whether an alarm of the stack is firing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gateway_cli.doctor import findings
from gateway_cli.doctor.findings import Result

if TYPE_CHECKING:
    from gateway_cli.doctor.deployment import Deployment

NAME = "alarms"
# The end of the description of a gateway's alarm.
_SECTION = re.compile(r"docs/operations\.md#([a-z0-9-]+)\Z")


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
        if not _is_of_another_stack(alarm, deployment.stack_name)
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


def _is_of_another_stack(alarm: Mapping[str, Any], stack_name: str) -> bool:
    """Whether the alarm is another gateway's, such as `prod-us` beside `prod`: its name would have another end."""
    section = _SECTION.search(alarm.get("AlarmDescription", ""))
    return section is not None and not alarm["AlarmName"].startswith(f"{stack_name}-{section[1]}")
