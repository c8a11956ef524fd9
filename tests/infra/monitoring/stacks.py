"""Stacks with monitoring, each synthesised once."""

from __future__ import annotations

from functools import cache
from typing import Any

import aws_cdk as cdk

from infra import emulator
from infra.gateway_stack import GatewayStack
from infra.platform import Platform
from infra.settings import files
from tests.infra.conftest import CONTEXT, FIRST_FILES, Synthesised, changed, stack_of

ALL: dict[str, Any] = {"metrics": True, "alarms": True, "dashboard": True}
EMAIL = "on-call@company.example"


@cache
def monitored() -> Synthesised:
    """The stack `prod` with alarms that write to an address, and a dashboard."""
    return stack_of(changed("prod", monitoring={**ALL, "alarm_emails": [EMAIL]}))


@cache
def traced() -> Synthesised:
    """The stack `prod` with traces; synthesis fails if cdk-nag has a finding."""
    return stack_of(changed("prod", monitoring={"tracing": True}))


def without(*lacks: str) -> Synthesised:
    """The stack `prod` on a platform without these types, with alarms and a dashboard. cdk-nag does not check it."""
    platform = Platform(lacks=frozenset(lacks))
    document = {**files.read("prod", FIRST_FILES), "monitoring": ALL}
    app = cdk.App(context=CONTEXT)
    GatewayStack(app, "Stack", environment=files.checked("prod", document, platform=platform))
    return Synthesised.of(app)


@cache
def local() -> Synthesised:
    """The stack `local` with alarms and a dashboard, without what the emulator lacks."""
    own = {**files.read("local", FIRST_FILES), "monitoring": {**ALL, "alarm_emails": [EMAIL]}}
    document = emulator.completed(own, upstream_url="http://127.0.0.1:1/openai/v1")
    return stack_of(files.checked("local", document, platform=emulator.platform("http://127.0.0.1:2")))


def alarms(stack: Synthesised) -> dict[str, dict[str, Any]]:
    """The properties of the stack's alarms by the ends of their names, composite alarms included."""
    types = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
    found = [alarm for type_ in types for alarm in stack.resources(type_).values()]
    return {alarm["AlarmName"].removeprefix("Stack-"): alarm for alarm in found}


def dimensions(metric: dict[str, Any]) -> dict[str, Any]:
    """A metric's dimensions by their names."""
    return {one["Name"]: one["Value"] for one in metric.get("Dimensions", [])}


def metrics(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics that an alarm reads, whether it computes or not. A composite alarm reads none."""
    if "MetricName" in alarm:
        return [alarm]
    return [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
