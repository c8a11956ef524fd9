"""Metrics that filters of log lines count: what no line with metrics says.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.monitoring.metrics import API_THROTTLES, BATCH_STEP_FAILURES, Metrics
from infra.monitoring.monitored import LogGroups

# API Gateway has no metric of its own throttle. Of such a request no function has a line, and the access log no id of one.
_THROTTLED = '{ ($.status = "429") && ($.lambda_request_id = "-") }'
# The function reports failures to SQS one by one, so that Lambda counts no error.
_FAILED_STEP = '{ ($.message = "batch step") && ($.level = "ERROR") }'


class LogMetrics(Construct):
    """Counts requests that API Gateway throttled, and steps of batches that failed."""

    def __init__(self, scope: Construct, id_: str, *, metrics: Metrics, log_groups: LogGroups) -> None:
        super().__init__(scope, id_)
        found = (
            ("ApiThrottles", API_THROTTLES, log_groups.access, _THROTTLED),
            ("BatchStepFailures", BATCH_STEP_FAILURES, log_groups.batch_steps, _FAILED_STEP),
        )
        for filter_id, name, log_group, pattern in found:
            logs.MetricFilter(
                self,
                filter_id,
                log_group=log_group,
                filter_pattern=logs.FilterPattern.literal(pattern),
                metric_namespace=metrics.filter_namespace,
                metric_name=name,
                metric_value="1",
            )
