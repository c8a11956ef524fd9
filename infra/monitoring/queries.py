"""The queries of CloudWatch Logs Insights, which operators find saved and the dashboard shows.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Source(Enum):
    """The log groups that a query reads."""

    EVERYTHING = "everything"  # access log, chat function, resources function, worker, steps of batches
    ANSWERS = "answers"  # chat function and worker
    CALLS = "calls"  # chat function, resources function and worker
    CHAT = "chat"


class Query(NamedTuple):
    """A query, its name for operators, and what it reads."""

    name: str
    source: Source
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The query as Logs Insights takes it."""
        return "\n| ".join(self.lines)


# Of chat completions and of attempts at jobs; the log lines of other things have no model.
_ANSWERS = 'filter message in ["chat completion", "job"]'
_CHAT = 'filter message = "chat completion"'
_CALLS = 'filter message in ["chat completion", "resource", "job"]'
_TOKENS = (
    "count(*) as requests, sum(prompt_tokens) as input_tokens, sum(completion_tokens) as output_tokens, "
    "sum(cost_usd) as usd"
)

_TIMES = "latency_ms, time_to_first_token_ms, upstream_attempts"
_IDS = (
    "request_id",
    "api_request_id",
    "lambda_request_id",
    "bedrock_request_id",
    "client_request_id",
    "custom_id",
    "batch",
    "trace_id",
)

ONE_REQUEST = Query(
    "one request id",
    Source.EVERYTHING,
    (
        "fields @timestamp, message, level, status, client, model, latency_ms, guardrail_action, error_class, reason, @message",
        "filter " + " or ".join(f'{name} = "REQUEST_ID"' for name in _IDS),
        "sort @timestamp asc",
        "limit 200",
    ),
)
SLOWEST = Query(
    "slowest requests",
    Source.CHAT,
    (
        f"fields @timestamp, request_id, client, model, target_model, stream, status, {_TIMES}, completion_tokens, cold_start",
        _CHAT,
        "sort latency_ms desc",
        "limit 50",
    ),
)
TOP_CLIENTS = Query(
    "top clients by tokens and cost",
    Source.ANSWERS,
    (_ANSWERS, f"stats {_TOKENS} by client", "sort usd desc, output_tokens desc", "limit 50"),
)
TOP_MODELS = Query(
    "top models by tokens and cost",
    Source.ANSWERS,
    (
        _ANSWERS,
        "fields coalesce(target_model, model) as answering_model",
        f"stats {_TOKENS} by answering_model",
        "sort usd desc, output_tokens desc",
        "limit 50",
    ),
)
INTERVENTIONS = Query(
    "guardrail interventions by policy",
    Source.ANSWERS,
    (
        "filter ispresent(GuardrailInterventions)",
        "stats sum(GuardrailInterventions) as interventions by policy, action, service",
        "sort interventions desc",
    ),
)
ERRORS = Query(
    "errors by code",
    Source.CALLS,
    (
        f"{_CALLS} and ispresent(error_class)",
        "stats count(*) as errors, latest(reason), latest(request_id) by error_code, error_class, status",
        "sort errors desc",
        "limit 50",
    ),
)
COLD_STARTS = Query(
    "cold starts",
    Source.CHAT,
    (
        f"{_CHAT} and cold_start = 1",
        "stats count(*) as cold_starts, avg(latency_ms), max(latency_ms) by bin(1h)",
    ),
)

SAVED = (ONE_REQUEST, SLOWEST, TOP_CLIENTS, TOP_MODELS, INTERVENTIONS, ERRORS, COLD_STARTS)
