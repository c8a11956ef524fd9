"""Puts CloudWatch metrics into the log line of a request or job, in the embedded metric format.

CloudWatch reads a metric's value from the field with the metric's name, so that the line needs no second line and no call:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from chat_gateway.core import metric_names as names

# The field that CloudWatch looks for.
DIRECTIVES = "_aws"
# By metric, its unit: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
UNITS = {
    names.REQUESTS: "Count",
    names.ERRORS: "Count",
    names.FAILURES: "Count",
    names.LATENCY_MS: "Milliseconds",
    names.TIME_TO_FIRST_TOKEN_MS: "Milliseconds",
    names.PROMPT_TOKENS: "Count",
    names.COMPLETION_TOKENS: "Count",
    names.RETRIES: "Count",
    names.FAILOVERS: "Count",
    names.THROTTLES: "Count",
    names.BUDGET_USED_PERCENT: "Percent",
    names.JOBS_IN: "Count",
    names.JOBS_OUT: "Count",
    names.JOBS_DEAD: "Count",
}
_DIMENSIONS = [names.SERVICE, names.ENVIRONMENT]
_BY_ERROR = {
    "Namespace": names.NAMESPACE,
    "Dimensions": [[*_DIMENSIONS, names.ERROR_CLASS]],
    "Metrics": [{"Name": names.ERRORS, "Unit": UNITS[names.ERRORS]}],
}
_METRICS = "CloudWatchMetrics"
# Writes what Powertools' Logger writes by default.
_encoded = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=str).encode


class _Directives(list[dict[str, Any]]):
    """CloudWatch's directives for one set of metrics, and the same as JSON."""

    def __init__(self, metrics: tuple[str, ...]) -> None:
        every = {
            "Namespace": names.NAMESPACE,
            "Dimensions": [_DIMENSIONS],
            "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in metrics],
        }
        super().__init__([every, _BY_ERROR] if names.ERRORS in metrics else [every])
        self.text = _encoded(self)


class LineMetrics:
    """The metrics in the lines of one function. Threads may share it. `clock` is in epoch seconds.

    A metric of a count is in the line only if the count is not 0.
    """

    def __init__(self, environment: str, *, clock: Callable[[], float] = time.time) -> None:
        self._environment, self._clock = environment, clock
        # By the metrics that are in a line. Callers cannot choose them, so there are few.
        self._directives: dict[tuple[str, ...], _Directives] = {}

    def add_request(self, fields: dict[str, Any]) -> None:
        """Adds the metrics of a chat completion to the fields of its line."""
        self.add(fields, _outcome(fields))

    def add(self, fields: dict[str, Any], counts: Mapping[str, int]) -> None:
        """Adds the `counts`, what is counted of every line, and the directives that name the line's metrics."""
        fields[names.ENVIRONMENT] = self._environment
        fields[names.REQUESTS] = 1
        fields.update(counts)
        attempts = fields.get("upstream_attempts", 0)
        if attempts > 1:
            fields[names.RETRIES] = attempts - 1
        if "failed_targets" in fields:
            _add_failovers(fields)
        metrics = tuple([name for name in UNITS if name in fields])
        directives = self._directives.get(metrics)
        if directives is None:
            directives = self._directives[metrics] = _Directives(metrics)
        fields[DIRECTIVES] = {"Timestamp": int(self._clock() * 1000), _METRICS: directives}

    @staticmethod
    def serialised(line: dict[str, Any]) -> str:
        """The line as JSON. The directives' JSON is written once: writing it takes as long as all other fields together."""
        said = line.pop(DIRECTIVES, None)
        text = _encoded(line)
        if said is None:
            return text
        return f'{text[:-1]},"{DIRECTIVES}":{{"Timestamp":{said["Timestamp"]},"{_METRICS}":{said[_METRICS].text}}}}}'


def failed(fields: Mapping[str, Any]) -> dict[str, int]:
    """What is counted of a line with an error: its status says whose fault it was.

    A status below 400 beside an error is one of a stream that broke, or of an answer that was lost. Without a status, the
    gateway has a fault.
    """
    status = fields.get("status", HTTPStatus.INTERNAL_SERVER_ERROR)
    counts = {names.ERRORS: 1}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        counts[names.THROTTLES] = 1
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR or status < HTTPStatus.BAD_REQUEST:
        counts[names.FAILURES] = 1
    return counts


def _outcome(fields: Mapping[str, Any]) -> Mapping[str, int]:
    return failed(fields) if names.ERROR_CLASS in fields else {}


def _add_failovers(fields: dict[str, Any]) -> None:
    """Counts the targets that were asked and did not answer. Those that have just failed are skipped, and not counted."""
    asked = sum("skipped" not in target for target in fields["failed_targets"])
    if asked:
        fields[names.FAILOVERS] = asked
