"""What an error code means, and what to do about it, for an operator. docs/errors.md has the whole table."""

from __future__ import annotations

_STORAGE = "DynamoDB, S3 or SQS failed or throttled: see aws_error or reason in the line"
_CALLERS = "the caller must change the request"

MEANINGS = {
    # The gateway or AWS.
    "internal_error": "the gateway failed: fault_class and fault_stack in the line say where",
    "guardrail_unavailable": "the guardrail could not check the answer, which is not released; try again",
    "upstream_credentials_invalid": (
        "Bedrock refuses the key, or the secret holds none: run chat-gateway doctor, then chat-gateway bedrock-key put"
    ),
    "upstream_credentials_unavailable": "Secrets Manager could not be reached; try again",
    "upstream_access_denied": "the key's user or the function's role may not use the model or the guardrail: see reason",
    "upstream_connection_error": "the connection to Bedrock broke; try again",
    "upstream_invalid_response": "Bedrock's answer is no chat completion: see the setting upstream.url",
    "gateway_timeout": "Bedrock did not answer in time: stream, or ask for fewer tokens",
    "model_error": "the model failed at Bedrock; try again",
    "model_not_ready": "Bedrock is still loading the model; try again",
    "response_too_large": "the whole answer is too large: stream it",
    "limits_unavailable": "the counters of limits cannot be reached: run chat-gateway doctor for the table of usage",
    "storage_unavailable": _STORAGE,
    "model_list_unavailable": "AWS does not list the models now; try again",
    # Limits.
    "rate_limit_exceeded": (
        "a limit: with limits_reached in the line it is the client's, else Bedrock's quota; without a line of the chat "
        "function it is the API's throttle"
    ),
    "insufficient_quota": "the client's monthly budget is used up: chat-gateway clients update raises it",
    "model_without_price": "the client has a budget, and the model has no price: add it to the settings",
    "max_tokens_exceeded": "the request asks for more output than its client may",
    # Clients.
    "invalid_api_key": "the client key or JWT is missing, wrong, revoked or expired, or the client is suspended",
    "invalid_signature": "the request has no valid AWS signature for execute-api",
    "access_denied": "the caller's IAM role may not call the API: it needs execute-api:Invoke",
    "clients_unavailable": "the table of clients cannot be reached: run chat-gateway doctor",
    "model_not_allowed": "the environment or the client does not allow the model: chat-gateway clients show",
    "streaming_not_allowed": "the client may not stream: chat-gateway clients update changes it",
    "jobs_not_allowed": "the client may not send jobs: chat-gateway clients update changes it",
    "unknown_client": "the job names a client that does not exist, or the caller's IAM role is no client's",
    "client_not_active": "the client of the job or of the IAM role is suspended or expired: chat-gateway clients resume",
    "guardrail_override_not_allowed": "the request has a guardrail setting that differs from the environment's",
    "request_blocked": "a web ACL blocked the request",
    # Requests.
    "unsupported_content_encoding": "the body has another Content-Encoding than gzip",
    "invalid_gzip": "the body has Content-Encoding gzip, and is not exactly one member of gzip",
    "model_not_found": "Bedrock does not know the model, or does not serve it on this route: correct the model's id",
    "unsupported_parameter": "the model cannot take a field of the request: error_param names it",
    "invalid_type": _CALLERS,
    "invalid_value": _CALLERS,
    "invalid_model": "the ARN names a prompt, router or endpoint, and no model",
    "context_length_exceeded": "the prompt is too long for the model",
    "context_too_large_for_guardrail": "tools, results and arguments are too large for the guardrail's check",
    "unsupported_value": "a job cannot stream",
    "guardrail_tag_not_allowed": "the request contains an input tag of a guardrail",
    "bad_request": "API Gateway could not read the request",
    "missing_required_parameter": _CALLERS,
    "object_above_max_properties": _CALLERS,
    "string_above_max_length": _CALLERS,
    "integer_below_min_value": _CALLERS,
    "integer_above_max_value": _CALLERS,
    "upload_completed": "the upload has ended",
    "upload_cancelled": "the upload was cancelled",
    "upload_expired": "the upload has expired",
    "too_many_parts": "the upload has the largest number of parts",
    "unknown_url": "the gateway has no such path",
    "method_not_allowed": "the path has no such method",
    "batch_not_found": "the batch does not exist, or is another client's",
    "request_too_large": "the body is too large",
    "unsupported_media_type": "API Gateway does not accept the request's content type",
    # Jobs.
    "idempotency_key_conflict": "another line was sent earlier under this idempotency key",
    "workers_died": "the job killed its worker, or its workers died: see the worker's log for a timeout or its memory",
    "job_not_begun": "the worker had too little time left, or Bedrock or a limit was busy",
    "batch_expired": "the batch expired before the line was run",
    "input_file_missing": "the batch's input file was deleted",
}


def of(code: object) -> str | None:
    """What the code means; None for a code that is not the gateway's."""
    return MEANINGS.get(code) if isinstance(code, str) else None
