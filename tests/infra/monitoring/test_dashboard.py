"""The dashboard."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest

from chat_gateway.core import metric_names
from chat_gateway.guardrail import metrics as guardrail_metrics
from infra.monitoring import dashboard
from infra.monitoring.queries import SAVED
from tests.infra.conftest import resolved, synthesised
from tests.infra.monitoring import stacks

GATEWAYS_OWN = [
    value
    for name, value in vars(metric_names).items()
    if name.isupper() and name not in ("NAMESPACE", "SERVICE", "ENVIRONMENT", "ERROR_CLASS")
]

PARTS = (
    *(
        "Requests",
        "Errors",
        "Answers, ms",
        "First token",
        "Tokens and cost by client",
        "Tokens and cost by model",
    ),
    *(
        "Guardrail",
        "Jobs",
        "Waiting",
        "Age",
        "Steps of batches",
        "Cold starts",
        "Concurrent executions",
        "throttles",
    ),
    "budget",
)


@cache
def _widgets() -> list[dict[str, Any]]:
    body = stacks.monitored().one("AWS::CloudWatch::Dashboard")["DashboardBody"]
    widgets: list[dict[str, Any]] = json.loads(resolved(body))["widgets"]
    return widgets


def _titles() -> str:
    return "\n".join(widget["properties"]["title"] for widget in _widgets())


def test_one_dashboard() -> None:
    """The stack has one dashboard, with the stack's name."""
    assert stacks.monitored().one("AWS::CloudWatch::Dashboard")["DashboardName"] == "Stack"
    assert not synthesised("prod").resources("AWS::CloudWatch::Dashboard")


@pytest.mark.parametrize("part", PARTS)
def test_it_shows(part: str) -> None:
    """The dashboard shows traffic, errors, latency, tokens and cost, the guardrail, jobs, batches, cold starts and limits."""
    assert part in _titles()


@pytest.mark.parametrize("name", GATEWAYS_OWN)
def test_it_shows_each_metric(name: str) -> None:
    """Each of the gateway's own metrics is on the dashboard."""
    assert f'"{name}"' in json.dumps(_widgets()).replace('\\"', '"')


def test_tables_are_saved_queries() -> None:
    """The tables are the saved queries, read from the log groups by their names."""
    tables = [widget["properties"]["query"] for widget in _widgets() if widget["type"] == "log"]
    assert len(tables) == 5
    for table in tables:
        sources, _, query = table.partition(" | ")
        assert re.fullmatch(r"SOURCE '\w+'", sources)
        assert any(query.endswith(saved.text.rpartition("\n| ")[2]) for saved in SAVED)


def test_interventions_are_found() -> None:
    """The search of interventions has the metric's namespace, name and dimensions."""
    (search,) = (text for text in map(json.dumps, _widgets()) if "SEARCH" in text and "policy" in text)
    assert f"{{{guardrail_metrics.NAMESPACE},service,policy,action}}" in search
    assert dashboard._INTERVENTIONS == guardrail_metrics.METRIC


def test_the_layout_fits() -> None:
    """No widget is beside the page, which is 24 units wide."""
    assert all(widget["x"] + widget["width"] <= 24 for widget in _widgets())
