"""The chat function: answers API Gateway's REST proxy events, streamed where the caller asks for it."""

from __future__ import annotations

import contextlib
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from chat_gateway.completions import request as chat_request
from chat_gateway.completions import retry, stream_usage
from chat_gateway.completions.retry import Attempts
from chat_gateway.completions.stream import StreamRules
from chat_gateway.completions.stream_usage import StreamUsage
from chat_gateway.core.errors import ConfigurationError, GatewayError, UpstreamError
from chat_gateway.http_api import proxy_event
from chat_gateway.http_api.exchange import Exchange
from chat_gateway.http_api.settings import HttpSettings
from chat_gateway.service import wiring as runtime
from chat_gateway.service.request_log import RequestLog
from response_streaming import StreamingResponse, buffered_elsewhere
from watchdog_timer import named

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from chat_gateway.completions.completions import Completions
    from chat_gateway.completions.request import ChatRequest
    from chat_gateway.guardrail.rule import GuardedRequest

# What a stream's end needs before Lambda kills the function.
_ENDING_S = 1.0

_logger = Logger()
_stream_usage = StreamUsage()
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
        if not proxy_event.is_chat_completion(event):
            return _refused(event, exchange)
        return _answer(event, context, headers, exchange)
    except GatewayError as error:
        return exchange.failed(error)
    except Exception as fault:  # noqa: BLE001 - a raise here would reach the caller as API Gateway's own error
        return exchange.failed(exchange.log.add_fault(fault))


def _refused(event: dict[str, Any], exchange: Exchange) -> StreamingResponse:
    """The answer to what is no chat completion."""
    from chat_gateway.http_api import routes  # for refused requests only

    method, path = proxy_event.method_and_path(event)
    exchange.log.add(**routes.described(method, path))
    return exchange.failed(
        routes.refusal(method, str(event.get("resource")), path, base_url=proxy_event.base_url(event))
    )


def _answer(
    event: dict[str, Any], context: LambdaContext, headers: proxy_event.Headers, exchange: Exchange
) -> StreamingResponse:
    upstream = runtime.upstream_settings()
    # The body has no name, so that its bytes are free while the request is serialised again.
    request = chat_request.parse(proxy_event.body(event, max_bytes=upstream.max_request_bytes))
    exchange.log.add_model(request.model)
    exchange.log.add_guardrail(upstream.guardrail)
    exchange.attempts = _attempts(request, context, headers, exchange.started)
    if request.streams:
        return _streamed(request, headers, exchange, exchange.attempts)
    guarded = _guarded(request, headers, exchange)
    return exchange.completed(_completions().create(guarded, exchange.attempts))


def _attempts(
    request: ChatRequest, context: LambdaContext, headers: proxy_event.Headers, started: float
) -> Attempts:
    total_s = _settings().stream_timeout_s if request.streams else runtime.upstream_settings().total_timeout_s
    left_s = context.get_remaining_time_in_millis() / 1000 - _ENDING_S
    repeats = proxy_event.sdk_retry_count(headers)
    policy = retry.FOR_REPEATING_CALLERS if repeats else retry.FOR_CALLERS
    return Attempts(policy=policy, deadline=started + min(total_s, left_s))


def _guarded(request: ChatRequest, headers: proxy_event.Headers, exchange: Exchange) -> GuardedRequest:
    guarded = _completions().guarded(request, caller_headers=headers)
    exchange.log.add(guardrail=guarded.guardrail)
    return guarded


def _streamed(
    request: ChatRequest, headers: proxy_event.Headers, exchange: Exchange, attempts: Attempts
) -> StreamingResponse:
    """The stream, with its usage counted where the model lets us."""
    exchange.log.add(stream=True)
    asking = _stream_usage.asked_for(request) if _settings().count_stream_tokens else request
    guarded = _guarded(asking, headers, exchange)
    try:
        answer = _completions().stream(guarded, attempts)
    except UpstreamError as error:
        if asking is request or not stream_usage.is_refused(error):
            raise
        guarded = _guarded(request, headers, exchange)
        answer = _completions().stream(guarded, attempts)
        _stream_usage.remember(request.model)
    rules = StreamRules(
        shows_usage=request.asks_for_usage,
        shows_trace=guarded.shows_trace,
        separates_reasoning=guarded.separates_reasoning,
    )
    return exchange.streamed(answer, rules)


def _exchange(
    event: dict[str, Any], context: LambdaContext, headers: proxy_event.Headers, started: float
) -> Exchange:
    """An exchange whose log has the ids that are known before anything can fail."""
    global _is_cold  # one execution environment starts cold once
    log = RequestLog(_logger, secret_arn=_secret_arn())
    log.add(request_id=context.aws_request_id)  # unless API Gateway has one
    log.add(**proxy_event.ids(event, headers), lambda_request_id=context.aws_request_id, cold_start=_is_cold)
    _is_cold = False
    exchange = Exchange(log=log, started=started, headers={"x-request-id": log.fields["request_id"]})
    if "x-client-request-id" in headers:
        exchange.add_client_request_id(proxy_event.client_request_id(headers))
    return exchange


def _secret_arn() -> str | None:
    with contextlib.suppress(ConfigurationError):
        return runtime.upstream_settings().api_key_secret_arn
    return "(not configured)"


# Lambda gives initialisation a full CPU whatever the memory size; a bad setting is left to the first
# request, whose caller and log line can then be told of it.
with contextlib.suppress(ConfigurationError):
    _completions()
