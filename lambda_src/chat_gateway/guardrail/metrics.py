"""Counts the guardrail's interventions as a CloudWatch metric by policy, in the log's embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import sys

# The package loads it with its Logger, so that it costs a cold start nothing.
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from chat_gateway.guardrail.outcome import INTERVENED, MASKED, GuardrailOutcome

NAMESPACE, METRIC = "BedrockChatGateway", "GuardrailInterventions"
_UNKNOWN = "unknown"


def count(outcome: GuardrailOutcome) -> None:
    """One data point for each policy that had a part in an intervention; nothing where there was none."""
    if outcome.action in (INTERVENED, MASKED):
        for policy in policies(outcome):
            _emit(policy, outcome.action)


def policies(outcome: GuardrailOutcome) -> list[str]:
    """The policies that blocked or masked, by AWS's names: `other` for a new one, `unknown` without a trace.

    No other word becomes a dimension: every combination of a metric's dimensions is paid for by itself.
    """
    return sorted(outcome.acted) or [_UNKNOWN]


def _emit(policy: str, action: str) -> None:
    metrics = EphemeralMetrics(namespace=NAMESPACE)  # one of its own: the worker's threads share nothing
    metrics.add_dimension("policy", policy)
    metrics.add_dimension("action", action)
    metrics.add_metric(name=METRIC, unit=MetricUnit.Count, value=1)
    # In one write: flush_metrics() prints, and another thread's line could come before the line break.
    sys.stdout.write(json.dumps(metrics.serialize_metric_set(), separators=(",", ":")) + "\n")
    sys.stdout.flush()
