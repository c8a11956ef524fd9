"""Counts the guardrail's interventions by policy, as a CloudWatch metric in the embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import sys

# Importing Powertools' Logger loads this module anyway, so it adds nothing to a cold start.
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from chat_gateway.guardrail.outcome import INTERVENED, MASKED, GuardrailOutcome

NAMESPACE, METRIC = "BedrockChatGateway", "GuardrailInterventions"
# A metric of its own: with one more dimension, alarms on the other one would miss these interventions.
BY_APPLY_GUARDRAIL = "ApplyGuardrailInterventions"
_UNKNOWN = "unknown"


def count(outcome: GuardrailOutcome) -> None:
    """Writes one data point for each policy that blocked or masked; none without an intervention.

    A policy that did so in ApplyGuardrail's check has one more, of BY_APPLY_GUARDRAIL.
    """
    if outcome.action in (INTERVENED, MASKED):
        for policy in policies(outcome):
            _emit(METRIC, policy, outcome.action)
        for policy in sorted(outcome.acted_by_apply_guardrail):
            _emit(BY_APPLY_GUARDRAIL, policy, outcome.action)


def policies(outcome: GuardrailOutcome) -> list[str]:
    """The policies that blocked or masked, by AWS's names; `other` for a new policy, `unknown` without a trace.

    No other value becomes a dimension: AWS charges for every combination of dimensions.
    """
    return sorted(outcome.acted) or [_UNKNOWN]


def _emit(metric: str, policy: str, action: str) -> None:
    metrics = EphemeralMetrics(namespace=NAMESPACE)  # not shared between the worker's threads
    metrics.add_dimension("policy", policy)
    metrics.add_dimension("action", action)
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)
    # One write: with flush_metrics(), which prints, another thread's line could come before the line break.
    sys.stdout.write(json.dumps(metrics.serialize_metric_set(), separators=(",", ":")) + "\n")
    sys.stdout.flush()
