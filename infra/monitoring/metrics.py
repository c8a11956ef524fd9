"""The CloudWatch metrics of a stack: the gateway's own, and those of API Gateway, Lambda and SQS.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs

from chat_gateway.core import metric_names
from infra.monitoring.monitored import CHAT, WORKER, Monitored

SUM, MAXIMUM, AVERAGE, P50, P99 = "Sum", "Maximum", "Average", "p50", "p99"
# Counted by filters of log lines, because no line with metrics has them.
API_THROTTLES, BATCH_STEP_FAILURES = "api_throttles", "batch_step_failures"
ANSWERING = (CHAT, WORKER)  # the services that call Bedrock


class Metrics(NamedTuple):
    """The metrics of one stack, with `period_min` minutes in each data point."""

    monitored: Monitored
    period_min: int = 5

    @property
    def filter_namespace(self) -> str:
        """The namespace of the metrics that filters of this stack's log lines count: they have no dimensions."""
        return f"{metric_names.NAMESPACE}/{self.monitored.stack_name}"

    def own(self, name: str, service: str, statistic: str = SUM) -> cloudwatch.Metric:
        """A metric in the log lines of the chat function or the worker."""
        return self._metric(metric_names.NAMESPACE, name, statistic, self._of_service(service))

    def errors(self, error_class: str, service: str) -> cloudwatch.Metric:
        """The number of requests or attempts at jobs that failed with an error of this class."""
        dimensions = {**self._of_service(service), metric_names.ERROR_CLASS: error_class}
        return self._metric(metric_names.NAMESPACE, metric_names.ERRORS, SUM, dimensions)

    def filtered(self, name: str) -> cloudwatch.Metric:
        """The number of log lines that one of the stack's metric filters found."""
        return self._metric(self.filter_namespace, name, SUM, {})

    def api(self, name: str, statistic: str = SUM) -> cloudwatch.Metric:
        """A metric of API Gateway, of the environment's stage."""
        stage = {"ApiName": self.monitored.stack_name, "Stage": self.monitored.environment.name}
        return self._metric("AWS/ApiGateway", name, statistic, stage)

    def function(self, name: str, function: str, statistic: str = SUM) -> cloudwatch.Metric:
        """A metric of Lambda, of all versions of the function."""
        return self._metric("AWS/Lambda", name, statistic, {"FunctionName": self._full_name(function)})

    def account(self, name: str, statistic: str = SUM) -> cloudwatch.Metric:
        """A metric of Lambda, of all functions of the account in this region."""
        return self._metric("AWS/Lambda", name, statistic, {})

    def queue(self, name: str, queue: sqs.IQueue, statistic: str = MAXIMUM) -> cloudwatch.Metric:
        """A metric of SQS."""
        return self._metric("AWS/SQS", name, statistic, {"QueueName": queue.queue_name})

    def computed(
        self, expression: str, label: str, /, **metrics: cloudwatch.IMetric
    ) -> cloudwatch.MathExpression:
        """A metric computed from others. `expression` names them as the keywords do."""
        return cloudwatch.MathExpression(
            expression=expression,
            label=label,
            using_metrics=metrics,
            period=cdk.Duration.minutes(self.period_min),
        )

    def total(self, label: str, metrics: Iterable[cloudwatch.IMetric]) -> cloudwatch.MathExpression:
        """The sum of several metrics. A metric without data counts nothing: most error classes never occur."""
        named = {f"m{number}": metric for number, metric in enumerate(metrics)}
        return self.computed(f"SUM([{', '.join(named)}])", label, **named)

    def if_enough(
        self, metric: cloudwatch.IMetric, requests: cloudwatch.IMetric, least: int, label: str
    ) -> cloudwatch.MathExpression:
        """The metric in periods with at least `least` requests, and 0 in others: a few requests of one caller show nothing."""
        return self.computed(f"IF(requests >= {least}, value, 0)", label, value=metric, requests=requests)

    def _of_service(self, service: str) -> dict[str, str]:
        return {
            metric_names.SERVICE: self._full_name(service),
            metric_names.ENVIRONMENT: self.monitored.environment.name,
        }

    def _full_name(self, function: str) -> str:
        return f"{self.monitored.stack_name}-{function}"

    def _metric(
        self, namespace: str, name: str, statistic: str, dimensions: dict[str, str]
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace,
            metric_name=name,
            statistic=statistic,
            dimensions_map=dimensions,
            period=cdk.Duration.minutes(self.period_min),
        )
