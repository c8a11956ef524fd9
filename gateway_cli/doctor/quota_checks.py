"""Whether the account's quotas allow what the environment's settings let in. If not, requests fail under a high load only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway_cli.doctor import findings
from gateway_cli.doctor.findings import Result

if TYPE_CHECKING:
    from gateway_cli.doctor.deployment import Deployment

CONCURRENCY, RATE = "Lambda quota", "API Gateway quota"
# How long an answer takes on average, for the estimate. docs/scaling.md has the sum for other times.
EXPECTED_ANSWER_S = 10


def concurrency(deployment: Deployment) -> Result:
    """Whether Lambda may run the chat function as often as the API lets requests in. Raises botocore's errors.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
    """
    rate, (allowed, whose) = _rate_per_s(deployment), _concurrency(deployment)
    if rate is None:
        return findings.unchecked(f"the API's stage has no throttle; {whose} may run {allowed:,} at once")
    needed = round(rate * EXPECTED_ANSWER_S)
    sum_ = (
        f"{rate:g} requests/s of {EXPECTED_ANSWER_S} s run {needed:,} functions at once, "
        f"and {whose} may run {allowed:,}"
    )
    if needed <= allowed:
        return findings.ok(sum_)
    return _finding(allowed)(
        sum_,
        "Ask for a higher quota (Lambda, concurrent executions), or set api.throttling_rate_limit_per_s to "
        f"{max(1, allowed // EXPECTED_ANSWER_S)}",
    )


def rate(deployment: Deployment) -> Result:
    """Whether the stage's throttle is below the account's. Raises botocore's errors.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
    """
    ours = _rate_per_s(deployment)
    throttle = deployment.client("apigateway").get_account().get("throttleSettings", {})
    accounts = throttle.get("rateLimit")
    if ours is None or accounts is None:
        return findings.unchecked("could not be checked: AWS names no throttle")
    if ours <= accounts:
        return findings.ok(f"the stage's {ours:g} requests/s are within the account's {accounts:g}")
    return findings.note(
        f"the stage's {ours:g} requests/s are more than the account's {accounts:g}",
        "Lower api.throttling_rate_limit_per_s, or ask for a higher quota (API Gateway, throttle rate)",
    )


def _finding(allowed: int) -> Callable[[str, str], Result]:
    """A function that may never run is a problem now."""
    return findings.note if allowed else findings.problem


def _rate_per_s(deployment: Deployment) -> float | None:
    """The throttle of the API's stage; None without one."""
    outputs = deployment.outputs
    stage = deployment.client("apigateway").get_stage(
        restApiId=outputs.rest_api_id, stageName=outputs.stage_name
    )
    rate = stage.get("methodSettings", {}).get("*/*", {}).get("throttlingRateLimit")
    return None if rate is None else float(rate)


def _concurrency(deployment: Deployment) -> tuple[int, str]:
    """How many instances of the chat function may run at once, and what sets this limit."""
    client = deployment.client("lambda")
    reserved = client.get_function_concurrency(FunctionName=f"{deployment.stack_name}-api")
    if "ReservedConcurrentExecutions" in reserved:
        return int(reserved["ReservedConcurrentExecutions"]), "the chat function's reservation"
    limits = client.get_account_settings()["AccountLimit"]
    return int(limits["UnreservedConcurrentExecutions"]), "the account"
