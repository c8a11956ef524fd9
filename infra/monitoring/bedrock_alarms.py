"""The alarms of Bedrock: credentials, guardrail, refusals, throttles, and what clients spend there."""

from __future__ import annotations

from aws_cdk import aws_cloudwatch as cloudwatch

from chat_gateway.core import metric_names
from infra.monitoring.metrics import ANSWERING, MAXIMUM, Metrics
from infra.monitoring.monitored import CHAT, Monitored
from infra.monitoring.runbook_alarms import Limit, RunbookAlarms

CREDENTIALS, GUARDRAIL, REFUSES = "credentials", "guardrail-unavailable", "bedrock-refuses"
# Classes of errors, as the log's error_class has them.
CREDENTIAL_ERRORS = ("UpstreamCredentialsError", "UpstreamCredentialsUnavailableError")
GUARDRAIL_ERRORS = ("GuardrailUnavailableError",)
REFUSALS = ("UpstreamError", "UpstreamAccessError")  # also if the guardrail does not exist or may not be used
QUOTA_ERRORS = ("InsufficientQuotaError",)
LIMIT_ERRORS = (
    "RateLimitError",
    "OverLimitError",
    *QUOTA_ERRORS,
)  # the other errors with status 429 are Bedrock's
_MANY_PERCENT = 10
# Of wrong requests, Bedrock's refusals have the same class as of a guardrail that does not exist. But without its guardrail
# Bedrock refuses all requests.
_NEARLY_ALL_PERCENT = 90
_LEAST_REQUESTS = 10  # in a period, so that one caller's few wrong requests are not "nearly all"
_LATCHED_H = 24


def add(alarms: RunbookAlarms, monitored: Monitored) -> None:
    """Adds the alarms of Bedrock."""
    metrics = Metrics(monitored)
    alarms.add(
        CREDENTIALS,
        "The Bedrock API key could not be read, or Bedrock refused the key or the role. Requests fail with 503.",
        _failed(metrics, "credentials", CREDENTIAL_ERRORS),
        Limit(at_least=1),
    )
    alarms.add(
        GUARDRAIL,
        "The guardrail could not check an answer, so the answer was paid for and not released.",
        _failed(metrics, "guardrail", GUARDRAIL_ERRORS),
        Limit(at_least=1),
    )
    alarms.add(
        REFUSES,
        f"For fifteen minutes, Bedrock answered more than {_NEARLY_ALL_PERCENT} % of the requests with an error, such as a "
        "guardrail that does not exist.",
        _percent(metrics, metrics.total("errors", [metrics.errors(name, CHAT) for name in REFUSALS])),
        Limit(above=_NEARLY_ALL_PERCENT, bad=3, of=3),
    )
    alarms.add(
        "bedrock-throttling",
        "For fifteen minutes, Bedrock refused more than a tenth of the requests with 429.",
        _percent(metrics, _throttled_by_bedrock(metrics)),
        Limit(above=_MANY_PERCENT, bad=3, of=3),
    )
    _add_budgets(alarms, monitored)


def _add_budgets(alarms: RunbookAlarms, monitored: Monitored) -> None:
    """A budget's metric has data only while its client sends requests. An alarm stays on for a day after the last one."""
    metrics = Metrics(monitored, period_min=60)
    used = {
        f"used{number}": metrics.own(metric_names.BUDGET_USED_PERCENT, service, MAXIMUM)
        for number, service in enumerate(ANSWERING)
    }
    most_used = metrics.computed(f"MAX([{', '.join(used)}])", "% of a budget", **used)
    alarms.add(
        "budget-80-percent",
        "In the last 24 hours, a client had used 80 % of its monthly budget.",
        most_used,
        Limit(at_least=80, of=_LATCHED_H),
    )
    alarms.add(
        "budget-used-up",
        "In the last 24 hours, a client had used up its monthly budget, or a request was refused because too little was left.",
        _percent_or_refused(metrics, used),
        Limit(at_least=100, of=_LATCHED_H),
    )


def _throttled_by_bedrock(metrics: Metrics) -> cloudwatch.MathExpression:
    """The requests with status 429, without those that the limits of their clients refused: limits are meant to refuse."""
    limited = metrics.total("limited", [metrics.errors(name, CHAT) for name in LIMIT_ERRORS])
    not_bedrocks = metrics.computed("0 - limited", "limited", limited=limited)
    throttles = metrics.own(metric_names.THROTTLES, CHAT)
    # SUM leaves out what has no data, where a difference would have none.
    return metrics.computed(
        "SUM([throttles, not_bedrocks])", "throttles", throttles=throttles, not_bedrocks=not_bedrocks
    )


def _percent_or_refused(metrics: Metrics, used: dict[str, cloudwatch.Metric]) -> cloudwatch.MathExpression:
    """The most used budget, and 100 or more if a request was refused: then the rest of a budget may never be used."""
    refused = metrics.computed(
        "100 * refusals", "refused", refusals=_failed(metrics, "refusals", QUOTA_ERRORS)
    )
    return metrics.computed(f"MAX([{', '.join(used)}, refused])", "% of a budget", **used, refused=refused)


def _failed(metrics: Metrics, label: str, classes: tuple[str, ...]) -> cloudwatch.MathExpression:
    return metrics.total(label, [metrics.errors(name, service) for service in ANSWERING for name in classes])


def _percent(metrics: Metrics, part: cloudwatch.IMetric) -> cloudwatch.MathExpression:
    """The part of the chat completions, in percent; 0 if there are few."""
    requests = metrics.own(metric_names.REQUESTS, CHAT)
    percent = metrics.computed("100 * part / requests", "% of requests", part=part, requests=requests)
    return metrics.if_enough(percent, requests, _LEAST_REQUESTS, "% of requests")
