"""Warns at synthesis of settings that contradict an account's quotas."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from infra.settings.environment import Environment

# The streamed answer of the example in docs/scaling.md.
_STREAM_S = 10
# Lambda refuses to reserve more than the quota without this:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
_UNRESERVED = 100
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
_API_GATEWAY_PER_S = 10_000
_QUOTA, _RESERVED = "monitoring.lambda_concurrency_quota", "chat_function.reserved_concurrent_executions"
_RESERVED_OTHERS = "account.reserved_concurrency"


def add(scope: Construct, environment: Environment) -> None:
    """Adds a warning for each setting that is over a quota."""
    for id_, text in warnings(environment).items():
        cdk.Annotations.of(scope).add_warning_v2(
            f"bedrock-chat-gateway:{id_}", f"{text} See docs/scaling.md."
        )


def warnings(environment: Environment) -> dict[str, str]:
    """The texts of the warnings, by their ids."""
    found = {
        "throttle-over-concurrency": _throttle_over_concurrency(environment),
        "reserved-over-concurrency": _reserved_over_concurrency(environment),
        "authorizer-under-throttle": _authorizer_under_throttle(environment),
        "workers-over-concurrency": _workers_over_concurrency(environment),
        "throttle-over-api-gateway": _throttle_over_api_gateway(environment),
    }
    return {id_: text for id_, text in found.items() if text is not None}


def _throttle_over_concurrency(environment: Environment) -> str | None:
    per_s, quota = (
        environment.api.throttling_rate_limit_per_s,
        environment.monitoring.lambda_concurrency_quota,
    )
    reserved = environment.chat_function.reserved_concurrent_executions
    most, setting = (quota, _QUOTA) if reserved is None else (reserved, _RESERVED)
    if per_s * _STREAM_S <= most:
        return None
    return (
        f"api.throttling_rate_limit_per_s = {per_s} lets {per_s * _STREAM_S:,} streams of {_STREAM_S} s run at once, but only "
        f"{most:,} may ({setting}). Above that, callers get errors of Lambda in place of a clear 429. Lower the throttle, or "
        f"ask AWS for a higher quota and write it into the settings."
    )


def _reserved_over_concurrency(environment: Environment) -> str | None:
    chat, others = (
        environment.chat_function.reserved_concurrent_executions,
        environment.account.reserved_concurrency.total,
    )
    reserved, quota = (chat or 0) + others, environment.monitoring.lambda_concurrency_quota
    if reserved <= quota - _UNRESERVED:
        return None
    settings = " and ".join([*([_RESERVED] if chat else []), *([_RESERVED_OTHERS] if others else [])])
    return (
        f"{settings} = {reserved:,} makes the deployment fail, because Lambda keeps {_UNRESERVED} of the account's {quota:,} "
        f"({_QUOTA}) for other functions."
    )


def _authorizer_under_throttle(environment: Environment) -> str | None:
    reserved, burst = (
        environment.account.reserved_concurrency.authorizer,
        environment.api.throttling_burst_limit,
    )
    if reserved is None or reserved >= burst:
        return None
    return (
        f"account.reserved_concurrency.authorizer = {reserved} is less than api.throttling_burst_limit = {burst}: if more "
        f"callers than that arrive at once whose keys are not cached, the others get 500 in place of a clear 429."
    )


def _workers_over_concurrency(environment: Environment) -> str | None:
    workers, quota = environment.jobs.max_concurrency, environment.monitoring.lambda_concurrency_quota
    if workers <= quota:
        return None
    return f"The settings [jobs] need {workers:,} workers at once, but only {quota:,} functions may run ({_QUOTA})."


def _throttle_over_api_gateway(environment: Environment) -> str | None:
    per_s = environment.api.throttling_rate_limit_per_s
    if per_s <= _API_GATEWAY_PER_S:
        return None
    return (
        f"api.throttling_rate_limit_per_s = {per_s} is over API Gateway's default quota of {_API_GATEWAY_PER_S:,} a second for "
        "the account. Ask AWS for a higher quota."
    )
