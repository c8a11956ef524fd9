"""The names of the CloudWatch metrics in log lines. A metric has the name of the log field that carries its value."""

from __future__ import annotations

NAMESPACE = "BedrockChatGateway"

# Of a chat completion and of a job's attempt.
REQUESTS = "requests"  # 1 for each line
ERRORS = "errors"  # 1 if the caller got an error, or the stream broke; the dimension error_class says which
FAILURES = "failures"  # 1 if the gateway or Bedrock failed: 5xx, or a broken stream
LATENCY_MS = "latency_ms"
TIME_TO_FIRST_TOKEN_MS = "time_to_first_token_ms"  # noqa: S105
PROMPT_TOKENS = "prompt_tokens"
COMPLETION_TOKENS = "completion_tokens"
RETRIES = "retries"  # attempts at Bedrock after the first one
FAILOVERS = "failovers"  # targets that failed before one answered
THROTTLES = "throttles"  # 1 if Bedrock or a limit of the client refused with 429
BUDGET_USED_PERCENT = "budget_used_percent"  # the highest of the client's budgets, after the request

# Of a job.
JOBS_IN = "jobs_in"  # 1 at the first delivery
JOBS_OUT = "jobs_out"  # 1 if the result was sent or stored: an answer or an error
JOBS_DEAD = "jobs_dead"  # 1 if the job became a dead letter

# Dimensions, which are also log fields. No client or model: callers choose those, and CloudWatch bills each combination.
SERVICE, ENVIRONMENT, ERROR_CLASS = "service", "environment", "error_class"
