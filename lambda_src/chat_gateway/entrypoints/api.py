"""The chat function: answers API Gateway's REST proxy events, streamed where the caller asks for it."""

from __future__ import annotations

import contextlib
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from chat_gateway import chat_request, retry, runtime
from chat_gateway.chat_stream import StreamRules
from chat_gateway.entrypoints import proxy_event
from chat_gateway.entrypoints.exchange import Exchange
from chat_gateway.errors import ConfigurationError, GatewayError
from chat_gateway.request_log import RequestLog
from chat_gateway.retry import Attempts
from chat_gateway.settings import HttpSettings
from response_streaming import StreamingResponse, buffered_elsewhere
from watchdog_timer import named

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from chat_gateway.completions import Completions

# What a stream's end needs before Lambda kills the function.
_ENDING_S = 1.0

_logger = Logger()
_is_cold = True


@cache
def _completions() -> Completions:
    return runtime.completions(max_connections=1)


@cache
def _settings() -> HttpSettings:
    return HttpSettings.from_env()


@buffered_elsewhere
def handle(event: dict[str, Any], context: LambdaContext) -> StreamingResponse:
    """The response to every event: failures of ours are a 500 `internal_error`."""
    started = time.monotonic()
    headers = proxy_event.headers(event)
    exchange = _exchange(event, context, headers, started)
    return named(exchange.name, _respond, event, context, headers, exchange)


def _respond(
    event: dict[str, Any], context: LambdaContext, headers: proxy_event.Headers, exchange: Exchange
) -> StreamingResponse:
    try:
        client_request_id = proxy_event.client_request_id(headers)
        if client_request_id is not None:
            exchange.headers["x-client-request-id"] = client_request_id
            exchange.log.add_client_request_id(client_request_id)
        return _answer(event, context, headers, exchange)
    except GatewayError as error:
        return exchange.failed(error)
    except Exception as fault:  # noqa: BLE001 - a raise here would reach the caller as API Gateway's own error
        return exchange.failed(exchange.log.add_fault(fault))


def _answer(
    event: dict[str, Any], context: LambdaContext, headers: proxy_event.Headers, exchange: Exchange
) -> StreamingResponse:
    proxy_event.check_route(event)
    http, upstream = _settings(), runtime.upstream_settings()
    body = proxy_event.body(event, max_bytes=upstream.max_request_bytes)
    request = chat_request.parse(body, ask_for_usage=http.count_stream_tokens)
    exchange.log.add_model(request.model)
    exchange.log.add_guardrail(upstream.guardrail)
    total_s = http.stream_timeout_s if request.streams else upstream.total_timeout_s
    left_s = context.get_remaining_time_in_millis() / 1000 - _ENDING_S
    deadline = exchange.started + min(total_s, left_s)
    guarded = _completions().guarded(request, caller_headers=headers)
    exchange.log.add(guardrail=guarded.guardrail)
    repeats = proxy_event.sdk_retry_count(headers)
    attempts = Attempts(
        policy=retry.FOR_REPEATING_CALLERS if repeats else retry.FOR_CALLERS, deadline=deadline
    )
    exchange.attempts = attempts
    if request.streams:
        exchange.log.add(stream=True)
        answer = _completions().stream(guarded, attempts)
        rules = StreamRules(
            shows_usage=request.asks_for_usage,
            shows_trace=guarded.shows_trace,
            separates_reasoning=guarded.separates_reasoning,
        )
        return exchange.streamed(answer, rules)
    return exchange.completed(_completions().create(guarded, attempts))


def _exchange(
    event: dict[str, Any], context: LambdaContext, headers: proxy_event.Headers, started: float
) -> Exchange:
    """An exchange whose log has the ids that are known before anything can fail."""
    global _is_cold  # one execution environment starts cold once
    log = RequestLog(_logger, secret_arn=_secret_arn())
    log.add(request_id=context.aws_request_id)  # unless API Gateway has one
    log.add(**proxy_event.ids(event, headers), lambda_request_id=context.aws_request_id, cold_start=_is_cold)
    _is_cold = False
    return Exchange(log=log, started=started, headers={"x-request-id": log.fields["request_id"]})


def _secret_arn() -> str | None:
    with contextlib.suppress(ConfigurationError):
        return runtime.upstream_settings().api_key_secret_arn
    return "(not configured)"


# Lambda gives initialisation a full CPU whatever the memory size; a bad setting is left to the first
# request, whose caller and log line can then be told of it.
with contextlib.suppress(ConfigurationError):
    _completions()
