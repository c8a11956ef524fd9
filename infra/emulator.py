"""The environment `local`: all that the emulator of AWS does otherwise than AWS, and waits that suit a laptop."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from aws_cdk import aws_apigateway as apigateway
from aws_cdk.aws_logs import RetentionDays

from infra.environment_settings import Data, Environment, Timeouts, check
from infra.guardrail_settings import ExistingGuardrail
from infra.job_settings import Jobs
from infra.platform import BASE_PATH, Platform
from infra.proof_settings import Proof

NAME = "local"


# What the emulator cannot do, or does otherwise.
_PLATFORM = Platform(
    streams=False,
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
    max_answer_s=29,
    # A buffered answer is a string in a JSON document of 6 MB, and escapes may double it; the rest is for headers:
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    max_response_bytes=3 * 1024 * 1024 - 64 * 1024,
    builds_for_this_machine=True,
    allows_plain_http=True,
    request_id="context.requestId",
)


def environment(
    *,
    guardrail: ExistingGuardrail | None = None,
    upstream_url: str | None = None,
    aws_endpoint_url: str | None = None,
    prove_on_deploy: Proof | None = None,
) -> Environment:
    """The environment, with Bedrock's stand-in at `upstream_url` and the emulator at `aws_endpoint_url`.

    Raises InvalidEnvironmentError.
    """
    check(NAME, _rules(upstream_url, aws_endpoint_url, prove_on_deploy))
    return Environment(
        name=NAME,
        region="us-east-1",
        guardrail=guardrail,
        callers_may_go_unguarded=True,
        prove_on_deploy=prove_on_deploy,
        upstream_url=upstream_url,
        platform=_at(aws_endpoint_url),
        timeouts=Timeouts(api_s=15, job_s=10),
        # The emulator hands over 10 at most, and knows no window.
        jobs=Jobs(
            requests_per_minute=6000,
            expected_answer_s=2,
            max_batch_size=10,
            max_attempts=3,
            retry_delay_s=1,
            max_retry_delay_s=4,
            memory_mib=512,
        ),
        data=Data.DESTROYED,
        log_retention=RetentionDays.ONE_DAY,
        secret_max_age_s=5,
        authorizer_cache_s=60,
    )


def _rules(
    upstream_url: str | None, aws_endpoint_url: str | None, prove_on_deploy: Proof | None
) -> list[tuple[bool, str]]:
    return [
        (upstream_url is not None, "upstream_url is missing; deploy 'local' with `make run`."),
        (
            aws_endpoint_url is None or re.fullmatch(r"https?://\S+[^/\s]", aws_endpoint_url) is not None,
            "aws_endpoint_url must be a URL, no final /.",
        ),
        (
            prove_on_deploy is None or aws_endpoint_url is not None,
            "prove_on_deploy needs aws_endpoint_url on the emulator.",
        ),
    ]


def _at(aws_endpoint_url: str | None) -> Platform:
    """Without the emulator's URL, callers are told one of AWS's."""
    if aws_endpoint_url is None:
        return _PLATFORM
    return replace(_PLATFORM, base_url=partial(_base_url, aws_endpoint_url))


def _base_url(aws_endpoint_url: str, api: apigateway.RestApi) -> str:
    stage = f"restapis/{api.rest_api_id}/{api.deployment_stage.stage_name}"
    return f"{aws_endpoint_url}/{stage}/_user_request_{BASE_PATH}"
