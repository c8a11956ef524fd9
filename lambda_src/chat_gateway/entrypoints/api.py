"""The chat function: answers API Gateway's REST proxy events.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import time
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from chat_gateway import chat_request, guardrails, runtime
from chat_gateway.errors import (
    ConfigurationError,
    GatewayError,
    InvalidRequestError,
    MethodNotAllowedError,
    RequestTooLargeError,
    ResponseTooLargeError,
    UnknownPathError,
)
from chat_gateway.request_log import RequestLog

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from chat_gateway.bedrock import Completion
    from chat_gateway.completions import Completions

CHAT_PATHS = ("/openai/v1/chat/completions", "/v1/chat/completions")
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html; the rest is for headers and escapes.
_MAX_RESPONSE_BYTES = 6 * 1024 * 1024 - 64 * 1024
# https://platform.openai.com/docs/api-reference/debugging-requests
_CLIENT_REQUEST_ID = re.compile(r"[ -~]{1,512}")

_logger = Logger()
_cold_start = True

Headers = dict[str, list[str]]
Answer = dict[str, Any]


@cache
def _completions() -> Completions:
    return runtime.completions(max_connections=1)


def handle(event: dict[str, Any], context: LambdaContext) -> Answer:
    """API Gateway's response object, for every event: failures of ours are a 500 `internal_error`."""
    started = time.monotonic()
    headers = _headers(event)
    log = _request_log(event, context, headers)
    own_headers = {"content-type": "application/json", "x-request-id": log.fields["request_id"]}
    try:
        own_headers.update(_client_request_id(headers))
        log.add(client_request_id=own_headers.get("x-client-request-id"))
        completion = _complete(event, headers, log, started)
        log.add_completion(completion)
        answer = _success(completion)
    except GatewayError as error:
        log.add_error(error)
        answer = _failure(error)
    except Exception as fault:  # noqa: BLE001 - a raise here would reach the caller as API Gateway's own 502
        answer = _failure(log.add_fault(fault))
    answer["headers"] = {**answer["headers"], **own_headers}
    log.add(status=answer["statusCode"], latency_ms=round((time.monotonic() - started) * 1000))
    log.write("chat completion", failed=answer["statusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR)
    return answer


def _complete(event: Mapping[str, Any], headers: Headers, log: RequestLog, started: float) -> Completion:
    _check_route(event)
    settings = runtime.upstream_settings()
    request = chat_request.parse(_body(event, settings.max_request_bytes))
    log.add_model(request.model)
    deadline = started + settings.total_timeout_s
    completion = _completions().create(request, caller_headers=headers, deadline=deadline)
    # UTF-8 bytes are at most thrice the characters, so that most answers need no second encoding.
    if (
        len(completion.text) * 3 > _MAX_RESPONSE_BYTES
        and _encoded_bytes(completion.text) > _MAX_RESPONSE_BYTES
    ):
        raise ResponseTooLargeError(
            "The completion is larger than this gateway can return.",
            bedrock_request_id=completion.bedrock_request_id,
        )
    return completion


def _encoded_bytes(text: str) -> int:
    """What the text takes in the JSON that a function returns, where quotes and line breaks are escaped."""
    return len(text.encode()) + text.count('"') + text.count("\\") + text.count("\n")


def _check_route(event: Mapping[str, Any]) -> None:
    if event.get("resource") not in CHAT_PATHS:
        raise UnknownPathError("Unknown path. This gateway answers POST …/chat/completions only.")
    if event.get("httpMethod") != "POST":
        raise MethodNotAllowedError("Only POST is allowed here.")


def _body(event: Mapping[str, Any], max_bytes: int) -> bytes:
    text = event.get("body") or ""
    too_large = RequestTooLargeError(f"The request body is larger than {max_bytes} bytes.")
    if event.get("isBase64Encoded"):
        if len(text) > 4 * (max_bytes + 2) // 3 + 4:
            raise too_large
        try:
            body = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise InvalidRequestError("The request body could not be decoded.") from None
    else:
        body = text.encode("utf-8", "surrogatepass")
    if len(body) > max_bytes:
        raise too_large
    return body


def _headers(event: Mapping[str, Any]) -> Headers:
    """Every value of every header, by lowercase name."""
    headers: Headers = {}
    for name, values in (event.get("multiValueHeaders") or {}).items():
        headers.setdefault(name.lower(), []).extend(values)
    return headers


def _request_log(event: Mapping[str, Any], context: LambdaContext, headers: Headers) -> RequestLog:
    """A log that holds the ids which are known before anything can fail."""
    global _cold_start
    gateway = event.get("requestContext") or {}
    log = RequestLog(_logger, secret_arn=_secret_arn())
    log.add(
        # Callers can set requestId (through x-amzn-requestid), not the extended one.
        request_id=gateway.get("extendedRequestId") or gateway.get("requestId") or context.aws_request_id,
        api_request_id=gateway.get("requestId"),
        lambda_request_id=context.aws_request_id,
        client=(gateway.get("authorizer") or {}).get("principalId"),
        sdk_retry_count=_count(headers.get("x-stainless-retry-count")),
        cold_start=_cold_start,
    )
    _cold_start = False
    return log


def _secret_arn() -> str:
    with contextlib.suppress(ConfigurationError):
        return runtime.upstream_settings().api_key_secret_arn
    return "(not configured)"


def _count(values: list[str] | None) -> int | None:
    return int(values[0]) if values and re.fullmatch(r"[0-9]{1,3}", values[0]) else None


def _client_request_id(headers: Headers) -> dict[str, str]:
    """The caller's own id, to be echoed."""
    values = headers.get("x-client-request-id")
    if not values:
        return {}
    if len(values) > 1 or not _CLIENT_REQUEST_ID.fullmatch(values[0]):
        raise InvalidRequestError(
            "X-Client-Request-Id must be one value of at most 512 printable ASCII characters.",
            param="x-client-request-id",
        )
    return {"x-client-request-id": values[0]}


def _success(completion: Completion) -> Answer:
    headers = _bedrock_headers(completion.bedrock_request_id)
    if action := guardrails.action(completion.document):
        headers["x-guardrail-action"] = action
    return _answer(HTTPStatus.OK, headers, completion.text)


def _failure(error: GatewayError) -> Answer:
    headers = {**error.headers(), **_bedrock_headers(error.bedrock_request_id)}
    return _answer(error.status, headers, error.body())


def _bedrock_headers(bedrock_request_id: str | None) -> dict[str, str]:
    return {} if bedrock_request_id is None else {"x-bedrock-request-id": bedrock_request_id}


def _answer(status: int, headers: dict[str, str], body: str) -> Answer:
    return {"statusCode": int(status), "headers": headers, "body": body, "isBase64Encoded": False}


# Lambda gives initialisation a full CPU whatever the memory size; a bad setting is left to the first
# request, whose caller and log line can then be told of it.
with contextlib.suppress(ConfigurationError):
    _completions()
