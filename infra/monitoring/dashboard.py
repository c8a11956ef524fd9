"""The dashboard of a stack."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from chat_gateway.core import metric_names
from infra.monitoring import queries
from infra.monitoring.metrics import ANSWERING, AVERAGE, MAXIMUM, P50, P99, SUM, Metrics
from infra.monitoring.monitored import BATCH_STEPS, CHAT, WORKER, Monitored
from infra.monitoring.queries import Query
from infra.monitoring.saved_queries import log_group_names

_WIDTH, _HEIGHT = 24, 6  # of a row, in CloudWatch's units
_AGE, _WAITING = "ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"
_RUNNING = "ConcurrentExecutions"
_INTERVENTIONS = "GuardrailInterventions"  # its dimensions are the service, the policy and the action


class GatewayDashboard(Construct):
    """One dashboard with the stack's name. Graphs are of metrics, which are free to look at; tables are of log lines."""

    def __init__(self, scope: Construct, id_: str, *, monitored: Monitored) -> None:
        super().__init__(scope, id_)
        self._monitored, self._metrics = monitored, Metrics(monitored)
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=monitored.stack_name,
            default_interval=cdk.Duration.hours(3),
            widgets=self._rows(),
        )

    def _rows(self) -> list[list[cloudwatch.IWidget]]:
        return [
            self._traffic(),
            self._latency(),
            self._tokens(),
            self._guardrail_and_errors(),
            self._clients_and_models(),
            self._jobs(),
            self._batches(),
            self._limits(),
        ]

    def _traffic(self) -> list[cloudwatch.IWidget]:
        one, names = self._metrics, metric_names
        return self._row(
            self._graph("Requests", [one.own(names.REQUESTS, CHAT), one.api("Count")]),
            self._graph(
                "Errors",
                [
                    one.own(names.ERRORS, CHAT),
                    one.own(names.FAILURES, CHAT),
                    one.api("4XXError"),
                    one.api("5XXError"),
                ],
            ),
            self._graph("Errors by class", [self._by_dimension(names.ERRORS, names.ERROR_CLASS)]),
        )

    def _latency(self) -> list[cloudwatch.IWidget]:
        one, names = self._metrics, metric_names
        return self._row(
            self._graph("Answers, ms", [one.own(names.LATENCY_MS, CHAT, part) for part in (P50, P99)]),
            self._graph(
                "First token of a stream, ms",
                [one.own(names.TIME_TO_FIRST_TOKEN_MS, CHAT, part) for part in (P50, P99)],
            ),
            self._graph(
                "Retries, failovers and throttles",
                [one.own(name, CHAT) for name in (names.RETRIES, names.FAILOVERS, names.THROTTLES)],
            ),
        )

    def _tokens(self) -> list[cloudwatch.IWidget]:
        one, names = self._metrics, metric_names
        kinds = (names.PROMPT_TOKENS, names.COMPLETION_TOKENS)
        budgets = [one.own(names.BUDGET_USED_PERCENT, service, MAXIMUM) for service in ANSWERING]
        return self._row(
            self._graph("Tokens", [one.own(kind, service) for service in ANSWERING for kind in kinds]),
            self._graph("The fullest budget, %", budgets),
            self._table("Cold starts", queries.COLD_STARTS),
        )

    def _guardrail_and_errors(self) -> list[cloudwatch.IWidget]:
        return self._row(
            self._graph("Guardrail interventions", [self._interventions()]),
            self._table("Guardrail interventions by policy", queries.INTERVENTIONS),
            self._table("Errors by code", queries.ERRORS),
        )

    def _clients_and_models(self) -> list[cloudwatch.IWidget]:
        return self._row(
            self._table("Tokens and cost by client", queries.TOP_CLIENTS),
            self._table("Tokens and cost by model", queries.TOP_MODELS),
        )

    def _jobs(self) -> list[cloudwatch.IWidget]:
        one, queues, names = self._metrics, self._monitored.queues, metric_names
        return self._row(
            self._graph(
                "Jobs", [one.own(name, WORKER) for name in (names.JOBS_IN, names.JOBS_OUT, names.JOBS_DEAD)]
            ),
            self._graph(
                "Waiting: jobs, results and dead letters",
                [one.queue(_WAITING, queue) for queue in (queues.jobs, queues.results, queues.dead_letters)],
            ),
            self._graph("Age of the oldest job, s", [one.queue(_AGE, queues.jobs)]),
        )

    def _batches(self) -> list[cloudwatch.IWidget]:
        one, queues = self._metrics, self._monitored.queues
        return self._row(
            self._graph(
                "Steps of batches",
                [one.function("Invocations", BATCH_STEPS), one.function("Errors", BATCH_STEPS)],
            ),
            self._graph(
                "Steps waiting, and dead letters of steps",
                [one.queue(_WAITING, queue) for queue in (queues.steps, queues.step_dead_letters)],
            ),
        )

    def _limits(self) -> list[cloudwatch.IWidget]:
        one, settings = self._metrics, self._monitored.environment
        quota = settings.monitoring.lambda_concurrency_quota
        functions = self._monitored.functions
        return self._row(
            self._graph(
                "Concurrent executions",
                [one.account(_RUNNING, MAXIMUM), one.function(_RUNNING, CHAT, MAXIMUM)],
                cloudwatch.HorizontalAnnotation(value=quota, label="the account's quota"),
            ),
            self._graph("Lambda's throttles", [one.function("Throttles", name) for name in functions]),
            self._graph("Lambda's errors", [one.function("Errors", name) for name in functions]),
            self._graph(
                "Lambda's duration, ms", [one.function("Duration", name, AVERAGE) for name in functions]
            ),
        )

    def _row(self, *widgets: cloudwatch.ConcreteWidget) -> list[cloudwatch.IWidget]:
        return [*widgets]

    def _graph(
        self, title: str, metrics: Sequence[cloudwatch.IMetric], *lines: cloudwatch.HorizontalAnnotation
    ) -> cloudwatch.GraphWidget:
        return cloudwatch.GraphWidget(
            title=title,
            left=[*metrics],
            left_annotations=[*lines],
            left_y_axis=cloudwatch.YAxisProps(min=0),
            width=_WIDTH // 3,
            height=_HEIGHT,
        )

    def _table(self, title: str, query: Query) -> cloudwatch.LogQueryWidget:
        return cloudwatch.LogQueryWidget(
            title=title,
            log_group_names=log_group_names(query.source, self._monitored.log_groups),
            query_lines=[*query.lines],
            width=_WIDTH // 3,
            height=_HEIGHT,
        )

    def _by_dimension(self, name: str, dimension: str) -> cloudwatch.MathExpression:
        """A graph line for each value of `dimension`, of the chat function and the worker."""
        schema = f"{{{metric_names.NAMESPACE},{metric_names.ENVIRONMENT},{metric_names.SERVICE},{dimension}}}"
        environment = f'{metric_names.ENVIRONMENT}="{self._monitored.environment.name}"'
        return self._search(f'{schema} MetricName="{name}" {environment} {self._own_services()}')

    def _interventions(self) -> cloudwatch.MathExpression:
        schema = f"{{{metric_names.NAMESPACE},{metric_names.SERVICE},policy,action}}"
        return self._search(f'{schema} MetricName="{_INTERVENTIONS}" {self._own_services()}')

    def _own_services(self) -> str:
        names = " OR ".join(f'"{self._monitored.stack_name}-{service}"' for service in ANSWERING)
        return f"{metric_names.SERVICE}=({names})"

    def _search(self, search: str) -> cloudwatch.MathExpression:
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html"""
        return cloudwatch.MathExpression(
            expression=f"SEARCH('{search}', '{SUM}')",
            label="",
            using_metrics={},
            period=cdk.Duration.minutes(self._metrics.period_min),
        )
