"""Every field of every log line: its values, what it says, and OpenTelemetry's name for it.

The names: https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/client-inference.md and
https://github.com/open-telemetry/semantic-conventions/tree/main/docs/registry/attributes
"""

from __future__ import annotations

from chat_gateway.core import metric_names as metrics
from infra.log_lines.kinds import (
    Field,
    count,
    counts,
    flag,
    items,
    number,
    one,
    one_of,
    record,
    sentence,
    status,
    text,
    true,
    visible,
)

_CLASS = text(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_AWS_CODE = text(r"[A-Za-z0-9_.: ()-]{1,200}")  # of an exception of AWS or of the network
_BATCH = text(r"batch_[A-Za-z0-9_-]{1,64}")
_BATCH_STATUS = text(r"[a-z_]{1,20}")
_MODEL = text(r"[!-~]{1,256}|\(not a model id\)")
_POLICY = text(r"[A-Za-z]{1,40}")
_FINDING = record(
    {"source": one_of("input", "output"), "policy": _POLICY},
    {
        "name": text(r"[A-Za-z0-9 _.!?-]{1,100}"),
        "type": text(r"[A-Za-z0-9 _.!?-]{1,100}"),
        "action": text(r"[A-Za-z0-9 _.!?-]{1,100}"),
        "check": one_of("ApplyGuardrail"),
    },
)
_FAILED_TARGET = record(
    {"model": _MODEL},
    {
        "region": visible(30),
        "skipped": true(),
        "status": status(),
        "error_class": _CLASS,
        "error_code": visible(128),
        "bedrock_request_id": visible(128),
        "reason": sentence(1000),
    },
)
_METRIC = record({"Name": visible(64), "Unit": one_of("Count", "Milliseconds", "Percent")})
_DIRECTIVE = record(
    {
        "Namespace": one_of(metrics.NAMESPACE),
        "Dimensions": items(items(visible(64), most=3), most=1),
        "Metrics": items(_METRIC, most=20),
    }
)

_EVERY_LINE = {
    "level": Field(
        one_of("INFO", "WARNING", "ERROR"),
        "ERROR if the gateway or Bedrock failed",
        "SeverityText",
    ),
    "location": Field(text(r"[A-Za-z0-9_<>]{1,60}:[0-9]{1,5}"), "the place in the code that wrote the line"),
    "message": Field(sentence(60), "which line this is", "EventName"),
    "timestamp": Field(text(r"[0-9: ,+-]{23,30}"), "when the line was written", "Timestamp"),
    "service": Field(
        visible(100), "the function's name; a dimension of the metrics", "service.name, faas.name"
    ),
    "xray_trace_id": Field(visible(100), "X-Ray's trace id of the invocation"),
}

_IDS = {
    "request_id": Field(
        visible(256), "the id of the request, as in `x-request-id`; of a job, the id of its result"
    ),
    "api_request_id": Field(visible(128), "API Gateway's `requestId`, which a caller can set"),
    "lambda_request_id": Field(visible(128), "Lambda's id of the invocation", "faas.invocation_id"),
    "bedrock_request_id": Field(visible(128), "Bedrock's id of the last attempt", "aws.request_id"),
    "client_request_id": Field(
        text(r"[A-Za-z0-9_.:-]{1,128}|\(ignored\)|\(not shown\)"),
        "the caller's own id; `(ignored)` if OpenAI would not accept it, `(not shown)` if it might be something other than an id",
    ),
    "trace_id": Field(
        text(r"[0-9a-f]{32}"),
        "the trace id of the caller's header `traceparent`, if the header is valid. It is sent nowhere",
        "TraceId",
    ),
    "client": Field(
        text(r"[!-~]{1,256}|\(not a client id\)"),
        "the client of the request or job, if known; `(not a client id)` if a sender of jobs named something else",
    ),
    "custom_id": Field(
        text(r"[A-Za-z0-9_.:-]{1,128}|\(not shown\)"),
        "the sender's id of a job; `(not shown)` if it might be something other than an id",
    ),
    "sdk_retry_count": Field(
        count(), "how often the SDK had already retried the request", "http.request.resend_count"
    ),
    "cold_start": Field(flag(), "whether this was the first request of the process", "faas.coldstart"),
    "secret_arn": Field(
        text(r"[!-~]{1,2048}|\(not configured\)"),
        "the secret of the Bedrock API key, if Bedrock refused the key or the secret could not be read",
    ),
}

_REQUEST = {
    "method": Field(
        visible(128),
        "the HTTP method; of a chat completion only if it got 404 or 405",
        "http.request.method",
    ),
    "path": Field(
        text(r"/[!-~]{0,199}"),
        "the path without its query, at most 200 characters; as `method`",
        "url.path",
    ),
    "model": Field(
        _MODEL,
        "what the caller sent: a model's id or a [name](models.md#what-the-log-says); `(not a model id)` if it is no name and "
        "does not have the form of an id",
        "gen_ai.request.model",
    ),
    "stream": Field(true(), "the caller asked for a stream", "gen_ai.request.stream"),
    "target_model": Field(
        _MODEL, "of a request by a model name: the model that answered", "gen_ai.response.model"
    ),
    "target_region": Field(visible(30), "its region, if it is not the stack's"),
    "failed_targets": Field(
        items(_FAILED_TARGET, most=100),
        "[the targets that did not answer](models.md#what-the-log-says), in the order in which they were asked",
    ),
    "service_tier": Field(
        text(r"[a-z][a-z0-9_-]{0,31}"),
        "the tier that served the request, by Bedrock's name",
        "openai.response.service_tier",
    ),
    "upstream_attempts": Field(count(), "the attempts at Bedrock, of all targets"),
    "events": Field(count(), "the data events of a stream"),
    "done_missing": Field(true(), "Bedrock ended a complete stream without `[DONE]`"),
    "abandoned": Field(true(), "the caller left before the end of the stream"),
}

_RESULT = {
    "status": Field(
        status(),
        "the HTTP status of the answer, or of the job's result; 200 if a stream broke after it had begun",
        "http.response.status_code",
    ),
    "latency_ms": Field(
        count(),
        "the time from the invocation to the last byte; of a job from the start of the attempt to its end",
        "gen_ai.server.request.duration (a metric, in seconds)",
    ),
    "time_to_first_token_ms": Field(
        count(),
        "of a stream: the time from the invocation to the first token",
        "gen_ai.response.time_to_first_chunk (in seconds)",
    ),
    "error_code": Field(visible(128), "the error's `code`, if it has one"),
    "error_class": Field(_CLASS, "the gateway's class of the error; missing without an error", "error.type"),
    "error_param": Field(
        text(r"[A-Za-z0-9_.\[\]'\"/$-]{1,200}|\(not shown\)"),
        "the error's `param`; `(not shown)` if the caller sent a guardrail setting under a name that AWS does not have",
    ),
    "reason": Field(
        sentence(4096),
        "for a 400: the gateway's own message; for refused credentials, lost connections and faults: the cause in the gateway's "
        "words",
    ),
    "fault_class": Field(
        _CLASS, "the class of an exception that the gateway did not expect", "exception.type"
    ),
    "fault_stack": Field(
        items(sentence(300), most=21),
        "its innermost 20 frames, after the number of all frames",
        "exception.stacktrace",
    ),
}

_TOKENS = {
    "prompt_tokens": Field(count(), "the tokens of the prompt", "gen_ai.usage.input_tokens"),
    "completion_tokens": Field(count(), "the tokens of the answer", "gen_ai.usage.output_tokens"),
    "total_tokens": Field(count(), "both"),
    "cached_tokens": Field(
        count(1),
        "the part of `prompt_tokens` that was read from a prompt cache; missing if there is none",
        "gen_ai.usage.cache_read.input_tokens",
    ),
    "cache_write_tokens": Field(
        count(1),
        "the part of `prompt_tokens` that was written to a prompt cache; missing if there is none",
        "gen_ai.usage.cache_write.input_tokens",
    ),
    "reasoning_tokens": Field(
        count(1),
        "the part of `completion_tokens` that was reasoning; missing if there is none",
        "gen_ai.usage.reasoning.output_tokens",
    ),
}

_LIMITS = {
    "limits_reached": Field(
        items(text(r"[a-z ]{1,40}"), most=4),
        "the limits of the client that refused the request or job, such as `tokens per day` or `concurrent requests`",
    ),
    "limits_not_checked": Field(
        sentence(300), "why the client's counters could not be reached before the request"
    ),
    "settle_failure": Field(sentence(300), "why the reservation could not be replaced after the request"),
    "unsettled": Field(
        counts(text(r"[a-z]{1,20}")),
        "with `settle_failure`: what the request really used (requests, tokens, billionths of a US dollar; what is missing stays "
        "as reserved)",
    ),
    "usage_failure": Field(sentence(300), "why the usage could not be recorded"),
    "unrecorded": Field(
        counts(text(r"[a-z_]{1,40}")),
        "with `usage_failure`: the measures that the day's item may lack. If DynamoDB's answer was lost, the item may have them",
    ),
    "cost_usd": Field(
        number(),
        "of a client with limits or recorded usage: what the request cost, in US dollars ([prices.md](prices.md)). Missing if "
        "the cost is not known",
    ),
    metrics.BUDGET_USED_PERCENT: Field(
        number(),
        "of a client with a budget: how much of it is used after the request; 100 if it refused the request",
    ),
}

_GUARDRAIL = {
    "guardrail": Field(
        text(r"[!-~]{1,2048}:[0-9A-Z]{0,8}"),
        "the guardrail that the request was sent with, and its version; of a target in another region, that region's. "
        "Nothing after the colon: a caller that may choose one named no version",
        "aws.bedrock.guardrail.id (without the version)",
    ),
    "guardrail_action": Field(
        one_of("INTERVENED", "MASKED", "NONE"), "what the guardrail did; missing if the answer does not say"
    ),
    "guardrail_findings": Field(
        items(_FINDING, most=50), "the first 50 findings ([the record](guardrails.md#the-record))"
    ),
    "guardrail_counts": Field(counts(_POLICY), "the number of all findings, by policy"),
    "policy": Field(_POLICY, "the guardrail's policy that blocked or masked"),
    "action": Field(one_of("INTERVENED", "MASKED"), "what it did"),
    "GuardrailInterventions": Field(
        items({"const": 1}, most=1), "the metric: one intervention of the policy"
    ),
    "ApplyGuardrailInterventions": Field(
        items({"const": 1}, most=1), "the metric: one intervention in the check by ApplyGuardrail"
    ),
}

_JOBS = {
    "receives": Field(count(1), "how often SQS has delivered the message"),
    "attempts": Field(
        count(),
        "of a job: the attempts that count against it, with this one; of a step of a batch: the claims in a row; of a "
        "rotation: how often Bedrock was asked until it accepted the new key",
    ),
    "sender": Field(visible(200), "who sent the job, by IAM's unique id"),
    "key_sender": Field(visible(200), "who sent the other job with the same idempotency key"),
    "idempotency_key_ignored": Field(true(), "the sender's idempotency key does not have the form of a key"),
    "client_ignored": Field(
        true(), "the sender named a client, but the sender is not listed in `jobs.senders`"
    ),
    "answered_before": Field(true(), "the job had an answer, which was sent or counted again"),
    "held_elsewhere": Field(
        true(),
        "of a job: another worker is processing another delivery of the same message; of a step: another step has the batch",
    ),
    "retried": Field(flag(), "whether the job was put back into the queue"),
    "retry_in_s": Field(count(), "the seconds until the message comes again"),
    "dead_letter": Field(true(), "the job became a dead letter"),
    "release_failure": Field(
        _AWS_CODE, "why the job's claim could not be released. The next delivery waits until it ends"
    ),
    "burial_failure": Field(
        _AWS_CODE,
        "why the job's record could not be marked as a dead letter, or the error line not be stored",
    ),
    "send_failure": Field(_AWS_CODE, "why the result or dead letter could not be sent. The job comes again"),
    "visibility_failure": Field(
        _AWS_CODE,
        "why the retry delay could not be set. The job comes again after the queue's visibility timeout",
    ),
    "jobs": Field(items(visible(256), most=100), "the ids of the first 100 jobs of a delivery"),
    "total": Field(count(), "the number of all jobs of the delivery"),
}

_BATCHES = {
    "batch": Field(_BATCH, "the batch's id"),
    "line": Field(
        {"type": "integer", "minimum": 0},
        "the number of the line in the batch's input file, as the message says",
    ),
    "not_run": Field(
        sentence(60),
        "of a line of a batch: why it was not run now. `retried` says whether it was put back. If it could not be loaded, "
        "`fault_class` says why",
    ),
    "given_up": Field(true(), "of a line of a batch: it failed for the last time, and is in the error file"),
    "status_before": Field(_BATCH_STATUS, "the batch's status before the step"),
    "batch_status": Field(_BATCH_STATUS, "the batch's status after the step"),
    "lines": Field(count(), "all lines of the batch"),
    "sent_lines": Field(count(), "the lines that were sent to the jobs queue"),
    "next_step_in_s": Field(count(), "the seconds until the next step; missing if the batch has ended"),
    "missing": Field(true(), "there is no such batch, or not yet"),
    "aws_error": Field(_AWS_CODE, "the operation of AWS that failed, and AWS's code"),
    "repeated": Field(
        true(), "the SDK repeated a request, and got the batch that the first attempt had made"
    ),
}

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_ServiceSpecificCredential.html
_CREDENTIAL = text(r"[A-Za-z0-9_]{1,128}")

_OTHERS = {
    "allowed": Field(flag(), "whether the key may be used"),
    "expired": Field(flag(), "whether the key or its client has expired"),
    "suspended": Field(flag(), "whether the client is suspended"),
    "cause": Field(_AWS_CODE, "the code of the error"),
    "model_list_failure": Field(
        sentence(300), "why AWS did not list the models now; an older list was used, or the answer is 503"
    ),
    "probe": Field(sentence(200), "the proof's prompt, by its name, and the way on which it was sent"),
    "wrong": Field(sentence(2100), "how the probe failed, or which probes failed"),
    "not_shown": Field(sentence(1000), "why the probe shows nothing"),
    "step": Field(
        one_of("createSecret", "setSecret", "testSecret", "finishSecret", "(unknown)"),
        "of a rotation: what Secrets Manager asked for",
    ),
    "outcome": Field(sentence(40), "of a rotation: how the step ended. If it is `failed`, `reason` says why"),
    "credential": Field(_CREDENTIAL, "the id of the new key's IAM credential"),
    "deleted_credentials": Field(
        items(_CREDENTIAL, most=2),
        "the ids of the credentials that were deleted to make room for the new one",
    ),
}

_METRICS = {
    metrics.ENVIRONMENT: Field(
        text(r"[A-Za-z][A-Za-z0-9-]{0,19}"),
        "the environment's name; a dimension of the metrics",
        "deployment.environment.name",
    ),
    metrics.REQUESTS: Field(one(), "1: the line is one request, or one attempt at a job"),
    metrics.ERRORS: Field(one(), "the request or attempt ended with an error"),
    metrics.FAILURES: Field(one(), "the gateway or Bedrock failed"),
    metrics.RETRIES: Field(count(1), "the attempts at Bedrock after the first one"),
    metrics.FAILOVERS: Field(count(1), "the targets of a model name that were asked and did not answer"),
    metrics.THROTTLES: Field(one(), "Bedrock or a limit of the client refused with 429"),
    metrics.JOBS_IN: Field(one(), "this was the job's first delivery"),
    metrics.JOBS_OUT: Field(one(), "the job's result, an answer or an error, was sent or stored"),
    metrics.JOBS_DEAD: Field(one(), "the job became a dead letter"),
    "_aws": Field(
        record(
            {"Timestamp": count(), "CloudWatchMetrics": items(_DIRECTIVE, most=2)},
        ),
        "tells CloudWatch which fields are metrics, and their dimensions",
    ),
}

FIELDS: dict[str, Field] = (
    _EVERY_LINE
    | _IDS
    | _REQUEST
    | _RESULT
    | _TOKENS
    | _LIMITS
    | _GUARDRAIL
    | _JOBS
    | _BATCHES
    | _OTHERS
    | _METRICS
)

# The fields of every line that Powertools' Logger writes. X-Ray's id is there only if Lambda traces.
ALWAYS = ("level", "location", "message", "timestamp", "service")
TRACED = ("xray_trace_id",)
TOKENS = tuple(_TOKENS)
LIMITS = tuple(_LIMITS)
OF_REQUESTS = (metrics.ENVIRONMENT, metrics.REQUESTS, metrics.ERRORS, metrics.FAILURES, metrics.RETRIES)
METRICS = (*OF_REQUESTS, metrics.FAILOVERS, metrics.THROTTLES, "_aws")
JOB_METRICS = (*METRICS, metrics.JOBS_IN, metrics.JOBS_OUT, metrics.JOBS_DEAD)
