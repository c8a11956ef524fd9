"""Reads all logs of a local stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.stack.local_stack import LocalStack


def by_group(stack: LocalStack) -> dict[str, str]:
    """Everything in the logs, by log group."""
    logs = stack.session().client("logs")
    groups = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    ]
    pages = logs.get_paginator("filter_log_events").paginate
    return {
        group: "\n".join(event["message"] for page in pages(logGroupName=group) for event in page["events"])
        for group in groups
    }


def json_lines(logged: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """The JSON lines, by log group."""
    return {
        group: [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        for group, text in logged.items()
    }
