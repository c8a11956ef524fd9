"""Every kind of log line: its message, who writes it, and which fields it has."""

from __future__ import annotations

from typing import NamedTuple

from infra.log_lines import fields


class Line(NamedTuple):
    """A kind of log line. `message` is its field `message`; None if it has none. `optional` fields may be missing."""

    message: str | None
    functions: str
    description: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How the documentation names the line."""
        return self.message or "(a metric)"


_ERROR = ("error_code", "error_class", "error_param", "reason", "fault_class", "fault_stack")
_CALLED = ("request_id", "lambda_request_id", "cold_start")
_CALLER = ("api_request_id", "client", "client_request_id", "trace_id", "sdk_retry_count")
_TARGETS = ("target_model", "target_region", "failed_targets")
_ANSWER = ("bedrock_request_id", "service_tier", *fields.TOKENS, "guardrail", "guardrail_action")

_LINES = (
    Line(
        "chat completion",
        "chat function",
        "A request, after its last byte. Also requests to paths and with methods that do not exist.",
        (*_CALLED, "status", "latency_ms"),
        (
            *_CALLER,
            "method",
            "path",
            "model",
            "stream",
            *_TARGETS,
            *_ANSWER,
            "upstream_attempts",
            "events",
            "done_missing",
            "abandoned",
            "time_to_first_token_ms",
            *_ERROR,
            "secret_arn",
            *fields.LIMITS,
            *fields.METRICS,
        ),
    ),
    Line(
        "job",
        "worker",
        "One attempt at a job, or at a line of a batch, after its outcome was stored and sent.",
        ("request_id", "lambda_request_id", "receives", "retried", "latency_ms"),
        (
            "sender",
            "key_sender",
            "idempotency_key_ignored",
            "client",
            "client_ignored",
            "batch",
            "line",
            "not_run",
            "given_up",
            "attempts",
            "answered_before",
            "held_elsewhere",
            "model",
            "custom_id",
            *_TARGETS,
            *_ANSWER,
            "upstream_attempts",
            "status",
            *_ERROR,
            "secret_arn",
            "retry_in_s",
            "dead_letter",
            "release_failure",
            "burial_failure",
            "send_failure",
            "visibility_failure",
            *fields.LIMITS,
            *fields.JOB_METRICS,
        ),
    ),
    Line(
        "jobs",
        "worker",
        "A delivery of jobs, before any of them is read: a worker that dies writes no line for its jobs.",
        ("jobs", "total", "lambda_request_id"),
    ),
    Line(
        "jobs not vetted",
        "worker",
        "The child process that vets a delivery failed, so that the jobs were tried without it.",
        ("lambda_request_id",),
    ),
    Line(
        "guardrail intervention",
        "chat function, worker",
        "The guardrail blocked or masked: [the record](guardrails.md#the-record).",
        ("request_id", "guardrail_action", "guardrail_findings", "guardrail_counts"),
        ("bedrock_request_id", "client", "model", "target_model", "guardrail"),
    ),
    Line(
        None,
        "chat function, worker",
        "A data point of the metric of interventions. It is a line of its own, because a line can have one policy.",
        (),
        (),
    ),
    Line(
        "client authentication",
        "authorizer",
        "A decision about a key or a JWT. API Gateway caches it, so that not every request has one.",
        ("allowed", "expired", "suspended", "lambda_request_id"),
        ("client", "reason"),
    ),
    Line(
        "issuer's keys not read",
        "authorizer",
        "The issuer's public keys could not be read. Level WARNING: earlier keys are used. Level ERROR: the caller gets 500.",
        ("cause",),
    ),
    Line(
        "last use not noted",
        "authorizer",
        "The day of a key's last use could not be written. The request goes on.",
        ("cause",),
    ),
    Line(
        "resource",
        "resources function",
        "A request for models, files, uploads or batches.",
        (*_CALLED, "status", "latency_ms"),
        (*_CALLER, "method", "path", "model_list_failure", "batch", "repeated", *_ERROR),
    ),
    Line(
        "batch step",
        "steps of batches",
        "One step of a batch.",
        ("lambda_request_id", "receives", "latency_ms"),
        (
            "batch",
            "client",
            "attempts",
            "status_before",
            "batch_status",
            "lines",
            "sent_lines",
            "next_step_in_s",
            "held_elsewhere",
            "missing",
            "retry_in_s",
            "aws_error",
            *_ERROR,
        ),
    ),
    Line(
        "guardrail probe",
        "proof, hook before traffic",
        "One prompt of the proof, or of the test of a new version.",
        ("probe",),
        ("wrong", "not_shown"),
    ),
    Line(
        "guardrail not tried: the stack is rolling back",
        "proof, hook before traffic",
        "A rollback runs neither the proof nor the test of new versions.",
    ),
    Line(
        "guardrail not tried",
        "hook before traffic",
        "A new version could not be tried, and gets no traffic.",
        ("fault_class",),
    ),
    Line(
        "guardrail not proven",
        "hook before traffic",
        "The guardrail does not hold in a new version, which gets no traffic.",
        ("wrong",),
    ),
    Line(
        "key rotation",
        "key rotation",
        "One step of a rotation of the Bedrock API key.",
        ("step", "outcome", "latency_ms", "lambda_request_id"),
        ("credential", "deleted_credentials", "attempts", "reason", "fault_class"),
    ),
)


def _whole(line: Line) -> Line:
    """The line with the fields that all lines have."""
    if line.message is None:
        return line._replace(
            required=("_aws", "service", "policy", "action"),
            optional=("GuardrailInterventions", "ApplyGuardrailInterventions"),
        )
    return line._replace(required=(*fields.ALWAYS, *line.required), optional=(*line.optional, *fields.TRACED))


LINES = tuple(_whole(line) for line in _LINES)
