"""The chat function: answers API Gateway's REST proxy events, as a stream if the caller asks for one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from chat_gateway.aws.settings import AwsSettings
from chat_gateway.completions import request as chat_request
from chat_gateway.completions import retry, stream_usage
from chat_gateway.completions.retry import Attempts
from chat_gateway.completions.stream import StreamRules
from chat_gateway.completions.stream_usage import StreamUsage
from chat_gateway.core.errors import ConfigurationError, GatewayError, UpstreamError
from chat_gateway.core.startup import Startup
from chat_gateway.http_api import http_request, request_ids
from chat_gateway.http_api import settings as http_settings
from chat_gateway.http_api.exchange import Exchange
from chat_gateway.http_api.settings import HttpSettings
from chat_gateway.service import request_log, wiring
from chat_gateway.service.request_log import RequestLog
from chat_gateway.service.settings import UpstreamSettings
from client_keys.no_limits import NO_LIMITS
from response_streaming import StreamingResponse, until_sent
from watchdog_timer import named, watched

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from chat_gateway.client_policies.meter import Meter, Metering
    from chat_gateway.client_policies.policies import ClientPolicies
    from chat_gateway.completions.completions import ChatCompletions, PreparedRequest
    from chat_gateway.completions.request import ChatRequest
    from chat_gateway.http_api.cors import Cors
    from chat_gateway.http_api.http_request import HttpRequest
    from chat_gateway.service.line_metrics import LineMetrics
    from client_keys.policy import Policy

# Reserved for the end of a stream before Lambda kills the function.
_ENDING_S = 1.0


class ChatState(NamedTuple):
    """The state that every request needs, built from the settings."""

    http: HttpSettings
    upstream: UpstreamSettings
    completions: ChatCompletions
    stream_usage: StreamUsage

    @classmethod
    def from_env(cls) -> ChatState:
        """Builds the state. Raises ConfigurationError that names the missing or wrong variable."""
        upstream = UpstreamSettings.from_env()
        return cls(
            http=HttpSettings.from_env(),
            upstream=upstream,
            completions=wiring.completions(upstream, AwsSettings.from_env(), max_connections=1),
            stream_usage=StreamUsage(),
        )


class ChatFunction:
    """Answers requests, and keeps its state between them. `clock` is in seconds."""

    def __init__(
        self,
        startup: Startup[ChatState],
        logger: Logger,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        policies: ClientPolicies | None = None,
        metering: Metering | None = None,
        metrics: LineMetrics | None = None,
        cors: Cors | None = None,
        read: Callable[[object], HttpRequest] = http_request.read,
    ) -> None:
        self._startup, self._logger, self._clock, self._sleep = startup, logger, clock, sleep
        self._metrics = metrics  # in the log lines; None if the environment has none
        self._cors = cors  # None if no page in a browser may read answers
        self._policies, self._metering = policies, metering  # None until a client needs them
        self._read = read
        self._secret_arn = _secret_arn(startup)
        self._is_cold = True

    def handle(self, event: object, context: LambdaContext) -> StreamingResponse:
        """The response to any event. Bugs and wrong settings are answered with 500 `internal_error`."""
        started = self._clock()
        request = self._read(event)
        exchange = self._exchange(request, context, started)
        return named(exchange.name, self._respond, request, context, exchange)

    def _exchange(self, request: HttpRequest, context: LambdaContext, started: float) -> Exchange:
        """A new exchange. Its log line has all ids before anything can fail."""
        log = RequestLog(self._logger, secret_arn=self._secret_arn, metrics=self._metrics)
        headers = request_ids.logged(
            request, log, lambda_request_id=context.aws_request_id, is_cold=self._is_cold
        )
        self._is_cold = False
        if self._cors is not None:
            headers |= self._cors.headers(request.headers)
        return Exchange(log, self._clock, started, headers=headers)

    def _respond(self, request: HttpRequest, context: LambdaContext, exchange: Exchange) -> StreamingResponse:
        try:
            request.check()
            if not request.is_chat_completion:
                return self._answer_elsewhere(request, context, exchange)
            return self._answer(request, context, exchange)
        except GatewayError as error:
            return exchange.failed(error)
        except Exception as fault:  # noqa: BLE001 - else the caller would get API Gateway's own error
            return exchange.failed(exchange.log.add_fault(fault))

    def _answer_elsewhere(
        self, request: HttpRequest, context: LambdaContext, exchange: Exchange
    ) -> StreamingResponse:
        """The answer at another route than those of chat completions, which the path may still mean."""
        from chat_gateway.http_api import path_spellings

        meant = path_spellings.recognised(
            request, has_deployments=lambda: self._startup.state.http.deployment_paths
        )
        if meant.is_chat_completion:
            return self._answer(meant, context, exchange)
        return _refused(meant, exchange)

    def _answer(self, request: HttpRequest, context: LambdaContext, exchange: Exchange) -> StreamingResponse:
        state = self._startup.state
        # The body is not in a variable, so that its memory is free when the request is serialised again.
        chat = chat_request.parse(
            request.body(max_bytes=state.upstream.max_request_bytes), deployment=request.deployment
        )
        exchange.log.add_model(chat.model, known=state.completions.names)
        exchange.shows_target = state.http.shows_target
        exchange.log.add_guardrail(state.upstream.guardrail)
        if request.client_policy != NO_LIMITS or state.http.record_usage:
            chat = self._limited(chat, request, context, exchange)
        exchange.attempts = attempts = self._attempts(chat, request, context, exchange.started)
        if chat.streams:
            return _streamed(state, chat, request, exchange, attempts)
        upstream_request = _prepared(state, chat, request, exchange)
        return exchange.completed(state.completions.create(upstream_request, attempts))

    def _limited(
        self, chat: ChatRequest, request: HttpRequest, context: LambdaContext, exchange: Exchange
    ) -> ChatRequest:
        """The request as its client's policy lets it be. Raises GatewayError, and what reading the policy raises."""
        from chat_gateway.client_policies import limits  # for clients with limits or recorded usage
        from chat_gateway.client_policies.policies import ClientPolicies

        if self._policies is None:
            self._policies = ClientPolicies.from_env()
        policy = self._policies.of_request(request.client_policy, request.client)
        chat = limits.limited(chat, policy)
        if policy.is_counted or self._startup.state.http.record_usage:
            exchange.meter = self._meter(request.client, policy, chat, context)
        return chat

    def _meter(self, client: str | None, policy: Policy, chat: ChatRequest, context: LambdaContext) -> Meter:
        from chat_gateway.client_policies.meter import Meter, Metering

        if self._metering is None:
            self._metering = Metering.from_env()
        ends_in_s = context.get_remaining_time_in_millis() / 1000
        models = self._startup.state.completions.models(chat.model)
        return Meter(self._metering, client, policy, chat, models=models, ends_in_s=ends_in_s)

    def _attempts(
        self, chat: ChatRequest, request: HttpRequest, context: LambdaContext, started: float
    ) -> Attempts:
        state = self._startup.state
        total_s = state.http.stream_timeout_s if chat.streams else state.upstream.total_timeout_s
        left_s = context.get_remaining_time_in_millis() / 1000 - _ENDING_S
        return Attempts(
            policy=retry.FOR_REPEATING_CALLERS if request.sdk_retry_count else retry.FOR_CALLERS,
            deadline=started + min(total_s, left_s),
            clock=self._clock,
            sleep=self._sleep,
        )


def _refused(request: HttpRequest, exchange: Exchange) -> StreamingResponse:
    """The answer to a request that is not a chat completion."""
    from chat_gateway.http_api import path_spellings, routes  # for refused requests only
    from chat_gateway.http_api.custom_domain import CustomDomain

    domain = CustomDomain.from_env()
    path = request.path if domain is None else domain.below_base_path(request.path)
    base_url = request.base_url if domain is None else domain.base_url
    exchange.log.add(**routes.described(request.method, path))
    return exchange.failed(
        routes.refusal(
            request.method, request.route, path, base_url=base_url, resource=path_spellings.resource(request)
        )
    )


def _prepared(
    state: ChatState, chat: ChatRequest, request: HttpRequest, exchange: Exchange
) -> PreparedRequest:
    prepared = state.completions.prepared(chat, caller_headers=request.headers)
    exchange.log.add(guardrail=prepared.guardrail)
    exchange.reserve(prepared.content)
    return prepared


def _streamed(
    state: ChatState, chat: ChatRequest, request: HttpRequest, exchange: Exchange, attempts: Attempts
) -> StreamingResponse:
    """The streamed response. Asks Bedrock for the usage if the settings and the model allow it."""
    exchange.log.add(stream=True)
    is_metered = exchange.meter is not None
    counts_tokens = state.http.count_stream_tokens or is_metered
    asking = _asking_for_usage(state, chat, overrides_no=is_metered) if counts_tokens else chat
    prepared = _prepared(state, asking, request, exchange)
    try:
        answer = state.completions.stream(prepared, attempts)
    except UpstreamError as error:
        if asking is chat or not stream_usage.is_refused(error):
            raise
        refusing = attempts.target_model
        prepared = _prepared(state, chat, request, exchange)
        answer = state.completions.stream(prepared, attempts)
        if attempts.target_model == refusing:
            state.stream_usage.remember(refusing or chat.model)
    rules = StreamRules(
        shows_usage=chat.asks_for_usage,
        shows_trace=prepared.shows_trace,
        separates_reasoning=prepared.separates_reasoning,
        model=prepared.shown_model,
    )
    return exchange.streamed(answer, rules)


def _asking_for_usage(state: ChatState, chat: ChatRequest, *, overrides_no: bool) -> ChatRequest:
    models = state.completions.models(chat.model)
    return state.stream_usage.asked_for(chat, models, overrides_no=overrides_no)


def _secret_arn(startup: Startup[ChatState]) -> str | None:
    try:
        return startup.state.upstream.api_key_secret_arn
    except ConfigurationError:
        return "(not configured)"


def entry_point(function: ChatFunction) -> Callable[[Any, Any], Any]:
    """The handler that the runtime calls. The watchdog watches it until the last byte of the answer has been sent."""
    return watched(until_sent(function.handle))


startup, metrics = Startup(ChatState.from_env), request_log.line_metrics()
handle = entry_point(
    ChatFunction(startup, request_log.logger(metrics), metrics=metrics, cors=http_settings.cors())
)
