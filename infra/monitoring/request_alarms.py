"""The alarms of HTTP requests: failures, slow answers, and limits of API Gateway and Lambda."""

from __future__ import annotations

from chat_gateway.core import metric_names
from infra.monitoring.metrics import API_THROTTLES, AVERAGE, MAXIMUM, P99, Metrics
from infra.monitoring.monitored import CHAT, Monitored
from infra.monitoring.runbook_alarms import Limit, RunbookAlarms

SERVER_ERRORS, MOST_FAIL, FAILED_ANSWERS = "server-errors", "most-requests-fail", "failed-answers"
_MOST = 0.5  # of all requests
_LEAST_IN_1_MIN, _LEAST_IN_5_MIN = 5, 20  # requests, so that one caller's few are not "most" or a percentile
_FULL = 0.8  # of a quota
_THROTTLED_IN_5_MIN = 10


def add(alarms: RunbookAlarms, monitored: Monitored) -> None:
    """Adds the alarms of HTTP requests."""
    _add_failures(alarms, monitored)
    _add_failed_answers(alarms, monitored)
    _add_slow_answers(alarms, monitored)
    _add_throttles(alarms, monitored)
    _add_concurrency(alarms, monitored)


def _add_failures(alarms: RunbookAlarms, monitored: Monitored) -> None:
    """The average of 5XXError is the part of the requests that got one."""
    metrics = Metrics(monitored, period_min=1)
    failing = metrics.api("5XXError", AVERAGE)
    percent = monitored.environment.monitoring.max_server_error_percent
    alarms.add(
        SERVER_ERRORS,
        f"More than {percent} % of the requests got a 5xx in three of the last five minutes.",
        failing,
        Limit(above=percent / 100, bad=3, of=5),
    )
    alarms.add(
        MOST_FAIL,
        "More than half of the requests got a 5xx in three of the last five minutes.",
        metrics.if_enough(failing, metrics.api("Count"), _LEAST_IN_1_MIN, "5xx of all requests"),
        Limit(above=_MOST, bad=3, of=5),
    )


def _add_failed_answers(alarms: RunbookAlarms, monitored: Monitored) -> None:
    """A stream that breaks has status 200, so API Gateway counts no 5xx."""
    metrics = Metrics(monitored, period_min=1)
    failures, requests = (
        metrics.own(metric_names.FAILURES, CHAT),
        metrics.own(metric_names.REQUESTS, CHAT),
    )
    percent = monitored.environment.monitoring.max_server_error_percent
    part = metrics.computed(
        "100 * failures / requests", "% of requests", failures=failures, requests=requests
    )
    alarms.add(
        FAILED_ANSWERS,
        f"More than {percent} % of the chat completions failed in three of the last five minutes: they got a 5xx, or their "
        "stream broke.",
        metrics.if_enough(part, requests, _LEAST_IN_1_MIN, "% of requests"),
        Limit(above=percent, bad=3, of=5),
    )


def _add_slow_answers(alarms: RunbookAlarms, monitored: Monitored) -> None:
    metrics, most_s = Metrics(monitored), monitored.environment.monitoring.max_p99_latency_s
    slowest, requests = (
        metrics.own(metric_names.LATENCY_MS, CHAT, P99),
        metrics.own(metric_names.REQUESTS, CHAT),
    )
    alarms.add(
        "slow-answers",
        f"For fifteen minutes, one answer in a hundred took longer than {most_s} s, from request to last byte.",
        metrics.if_enough(slowest, requests, _LEAST_IN_5_MIN, "p99, ms"),
        Limit(above=most_s * 1000, bad=3, of=3),
    )


def _add_throttles(alarms: RunbookAlarms, monitored: Monitored) -> None:
    metrics = Metrics(monitored)
    alarms.add(
        "api-throttling",
        "For fifteen minutes, API Gateway refused requests with 429, because all clients together reached the stage's limit.",
        metrics.filtered(API_THROTTLES),
        Limit(above=_THROTTLED_IN_5_MIN, bad=3, of=3),
    )
    alarms.add(
        "lambda-throttling",
        "Lambda refused to start functions, because their concurrency is used up. Requests fail.",
        metrics.total("throttles", [metrics.function("Throttles", name) for name in monitored.functions]),
        Limit(above=0, bad=2, of=3),
    )


def _add_concurrency(alarms: RunbookAlarms, monitored: Monitored) -> None:
    """The chat function's reserved concurrency, or else the account's quota."""
    metrics = Metrics(monitored)
    reserved = monitored.environment.chat_function.reserved_concurrent_executions
    quota = reserved or monitored.environment.monitoring.lambda_concurrency_quota
    name = "ConcurrentExecutions"
    running = metrics.account(name, MAXIMUM) if reserved is None else metrics.function(name, CHAT, MAXIMUM)
    where = "in the account, which has a quota of" if reserved is None else "of the chat function, which has"
    alarms.add(
        "concurrency",
        f"More than {quota * _FULL:,.0f} executions of Lambda ran at once {where} {quota:,}. Above that, requests fail.",
        running,
        Limit(above=quota * _FULL),
    )
