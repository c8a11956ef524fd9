"""The metrics in a log line are what CloudWatch reads: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from io import StringIO
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.core import metric_names
from chat_gateway.service.line_metrics import UNITS, LineMetrics
from chat_gateway.service.request_log import RequestLog
from tests.unit.chat_gateway.lambda_calls import AWS
from tests.unit.chat_gateway.upstream_settings import UPSTREAM

OUT = StringIO()
# Powertools keeps one logger for each name.
LOGGER = Logger(service="gateway-api", stream=OUT, json_serializer=LineMetrics.serialised)
NOW_S = 1_800_000_000.5
ANSWERED = {"request_id": "r", "lambda_request_id": "l", "cold_start": False, "status": 200, "latency_ms": 12}


@pytest.fixture
def metrics() -> LineMetrics:
    return LineMetrics("prod", clock=lambda: NOW_S)


def counted(metrics: LineMetrics, **fields: Any) -> dict[str, Any]:
    """The line of a chat completion with these fields, without the directives."""
    found: dict[str, Any] = {**ANSWERED, **fields}
    metrics.add_request(found)
    return {name: found[name] for name in UNITS if name in found}


def test_an_answer(metrics: LineMetrics) -> None:
    """An answer counts as one request, with its latency and tokens. What is 0 is left out."""
    tokens = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
    assert counted(metrics, **tokens, upstream_attempts=1) == {
        "requests": 1,
        "latency_ms": 12,
        "prompt_tokens": 3,
        "completion_tokens": 5,
    }


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        (400, {"errors": 1}),
        (404, {"errors": 1}),
        (429, {"errors": 1, "throttles": 1}),
        (500, {"errors": 1, "failures": 1}),
        (503, {"errors": 1, "failures": 1}),
        (200, {"errors": 1, "failures": 1}),
    ],
)
def test_an_error(metrics: LineMetrics, status: int, counts: dict[str, int]) -> None:
    """An error is a throttle or a failure by its status; with 200, a stream broke."""
    found = counted(metrics, status=status, error_class="UpstreamError")
    assert found == {"requests": 1, "latency_ms": 12, **counts}


def test_a_fault_without_a_status_is_a_failure(metrics: LineMetrics) -> None:
    """The line of a job that met a fault has no status."""
    fields: dict[str, Any] = {"error_class": "InternalError"}
    metrics.add_request(fields)
    assert fields["failures"] == 1


def test_retries_and_failovers(metrics: LineMetrics) -> None:
    """Attempts after the first one are retries; targets that were skipped are no failovers."""
    targets = [{"model": "a", "skipped": True}, {"model": "b", "status": 429}]
    found = counted(metrics, upstream_attempts=3, failed_targets=targets)
    assert (found["retries"], found["failovers"]) == (2, 1)
    assert "failovers" not in counted(metrics, failed_targets=targets[:1])


def written(metrics: LineMetrics, fields: dict[str, Any]) -> dict[str, Any]:
    """The line as the function's logger writes it."""
    OUT.seek(0)
    OUT.truncate()
    log = RequestLog(LOGGER, secret_arn=None, metrics=metrics, fields={**ANSWERED, **fields})
    metrics.add_request(log.fields)
    log.write("chat completion", failed=False)
    text = OUT.getvalue()
    assert text.count("\n") == 1
    line: dict[str, Any] = json.loads(text)
    return line


def test_the_directives(metrics: LineMetrics) -> None:
    """The line tells CloudWatch the time, the namespace, the dimensions, and each metric with its unit."""
    line = written(metrics, {"prompt_tokens": 3})
    assert line["_aws"] == {
        "Timestamp": 1_800_000_000_500,
        "CloudWatchMetrics": [
            {
                "Namespace": "BedrockChatGateway",
                "Dimensions": [["service", "environment"]],
                "Metrics": [
                    {"Name": "requests", "Unit": "Count"},
                    {"Name": "latency_ms", "Unit": "Milliseconds"},
                    {"Name": "prompt_tokens", "Unit": "Count"},
                ],
            }
        ],
    }
    assert (line["service"], line["environment"]) == ("gateway-api", "prod")


def test_errors_have_their_class(metrics: LineMetrics) -> None:
    """An error has one directive more, with its class as a dimension, of the metric `errors` alone."""
    line = written(metrics, {"status": 429, "error_class": "UpstreamError"})
    every, by_class = line["_aws"]["CloudWatchMetrics"]
    assert by_class["Dimensions"] == [["service", "environment", "error_class"]]
    assert by_class["Metrics"] == [{"Name": "errors", "Unit": "Count"}]
    assert {"Name": "errors", "Unit": "Count"} in every["Metrics"]


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "prompt_tokens": st.integers(0, 2**53),
            "completion_tokens": st.integers(0, 2**53),
            "time_to_first_token_ms": st.integers(0, 10**6),
            "upstream_attempts": st.integers(0, 9),
            "budget_used_percent": st.floats(0, 100),
            "status": st.sampled_from([200, 400, 429, 500]),
            "error_class": st.sampled_from(["UpstreamError", "InternalError"]),
            "reason": st.just("é \u2028"),
        },
    )
)
def test_every_metric_is_a_number_of_the_line(fields: dict[str, Any]) -> None:
    """CloudWatch finds each metric as a number, and each dimension as text, at the top of the line."""
    line = written(LineMetrics("prod"), fields)
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for metric in directive["Metrics"]:
            assert type(line[metric["Name"]]) in (int, float)
            assert UNITS[metric["Name"]] == metric["Unit"]
        for dimension in directive["Dimensions"][0]:
            assert isinstance(line[dimension], str)
    assert fields.items() <= line.items()


def test_the_writer_writes_what_the_logger_does() -> None:
    """A line without metrics has the same text, whether the writer for metrics writes it or not."""
    line = {
        "message": "job",
        "request_id": "é\u2028",
        "retried": True,
        "cost_usd": 1e-9,
        "error": ValueError("a"),
    }
    assert LineMetrics.serialised(dict(line)) == LambdaPowertoolsFormatter().json_serializer(line)


def test_threads_do_not_mix(metrics: LineMetrics) -> None:
    """Lines of threads that share the metrics have their own values and directives."""
    lines: dict[int, dict[str, Any]] = {}

    def count(number: int) -> None:
        fields: dict[str, Any] = {"latency_ms": number} | ({"error_class": "A"} if number % 2 else {})
        for _ in range(50):
            metrics.add_request(fields)
        lines[number] = fields

    threads = [threading.Thread(target=count, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, line in lines.items():
        assert line["latency_ms"] == number
        assert len(line["_aws"]["CloudWatchMetrics"]) == 1 + number % 2


def test_every_metric_has_a_unit() -> None:
    """Each name of a metric has a unit."""
    dimensions = {"service", "environment", "error_class"}
    names = {value for name, value in vars(metric_names).items() if name.isupper() and isinstance(value, str)}
    assert names - dimensions - {metric_names.NAMESPACE} == UNITS.keys()


@pytest.mark.parametrize("function", ["chat_gateway.http_api.handler", "chat_gateway.jobs.worker"])
@pytest.mark.parametrize("environment", [None, "prod"])
def test_without_metrics_nothing_is_imported(function: str, environment: str | None) -> None:
    """A function imports the metrics only if its environment has them."""
    code = (
        f"import sys, {function}\n"
        "print([name for name in sys.modules if name.endswith(('line_metrics', 'job_metrics'))])"
    )
    env = {**UPSTREAM, **AWS, "PYTHONPATH": ":".join(sys.path)}
    env |= {} if environment is None else {"METRICS_ENVIRONMENT": environment}
    ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    expected = [] if environment is None else ["chat_gateway.service.line_metrics"]
    assert ran.stdout.strip() == str(expected)
