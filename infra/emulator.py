"""The environment `local`: everything that differs between the AWS emulator and AWS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from aws_cdk import aws_apigateway as apigateway

from infra.platform import BASE_PATH, Platform
from infra.settings import files
from infra.settings.client_auth import ClientAuth
from infra.settings.problems import InvalidEnvironmentError
from infra.settings.upstream import AuthMethod

NAME = "local"
# What the gateway's stack may hold on AWS, and the emulator's CloudFormation does not know. One unknown type, or an alarm
# with metric mathematics (the property Metrics), makes the deployment of the whole stack fail.
LACKS = frozenset(
    {
        "AWS::CloudWatch::Alarm.Metrics",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::CodeDeploy::Application",
        "AWS::CodeDeploy::DeploymentConfig",
        "AWS::CodeDeploy::DeploymentGroup",
        "AWS::Logs::QueryDefinition",
        "AWS::SecretsManager::RotationSchedule",
        "AWS::WAFv2::WebACLAssociation",
        "AWS::XRay::Group",
        "AWS::XRay::SamplingRule",
    }
)

# What the emulator cannot do, or does differently.
_PLATFORM = Platform(
    streams=False,
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
    max_answer_s=29,
    # A buffered answer is a string in a JSON document of 6 MB. Escapes may double its size, and 64 KiB are for headers:
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    max_response_bytes=3 * 1024 * 1024 - 64 * 1024,
    builds_for_this_machine=True,
    allows_plain_http=True,
    has_domains=False,
    request_id="context.requestId",
    lacks=LACKS,
)


def platform(aws_endpoint_url: str | None) -> Platform:
    """The emulator at this URL. Without a URL, the stack's base URL is on AWS. Raises InvalidEnvironmentError."""
    if aws_endpoint_url is None:
        return _PLATFORM
    if not re.fullmatch(r"https?://\S+[^/\s]", aws_endpoint_url):
        raise InvalidEnvironmentError("aws_endpoint_url must be a URL without a final /.")
    return replace(_PLATFORM, base_url=partial(_base_url, aws_endpoint_url))


def check(document: Mapping[str, Any]) -> None:
    """Raises InvalidEnvironmentError for settings that the emulator's environment cannot have."""
    for table in ("guardrail", "proof"):
        if table in document:
            raise InvalidEnvironmentError(
                f"environments/{NAME}.toml: {table} must not be set: `make run` creates the guardrail of 'local' itself."
            )
    if document.get("client_auth", ClientAuth.KEYS) != ClientAuth.KEYS:
        raise InvalidEnvironmentError(
            f'environments/{NAME}.toml: client_auth must be "keys", because the client that `make run` creates has a key.'
        )
    for table, what in (("network", "VPC"), ("waf", "web ACL before an API")):
        if table in document:
            raise InvalidEnvironmentError(
                f"environments/{NAME}.toml: {table} must not be set: the emulator has no {what}."
            )
    upstream = document.get("upstream")
    if isinstance(upstream, dict) and upstream.get("auth", AuthMethod.API_KEY) != AuthMethod.API_KEY:
        raise InvalidEnvironmentError(
            f'environments/{NAME}.toml: upstream.auth must be "api_key", because the stand-in for Bedrock checks API keys.'
        )
    if isinstance(upstream, dict) and "key_rotation" in upstream:
        raise InvalidEnvironmentError(
            f"environments/{NAME}.toml: upstream.key_rotation must not be set: the emulator cannot rotate secrets."
        )


def completed(document: Mapping[str, Any], *, upstream_url: str | None) -> dict[str, Any]:
    """`document` with the stand-in for Bedrock at `upstream_url`, also in the regions of `[guardrails]`.

    If `document` has no guardrail, none is enforced.

    Raises InvalidEnvironmentError.
    """
    if upstream_url is None:
        raise InvalidEnvironmentError("upstream_url is missing; deploy 'local' with `make run`.")
    unguarded = {"kind": "none", "callers_may_go_unguarded": True}
    values = {"url": upstream_url, **_region_urls(document, upstream_url)}
    return files.with_values({"guardrail": unguarded, **document}, "upstream", **values)


def _region_urls(document: Mapping[str, Any], upstream_url: str) -> dict[str, Any]:
    """The stand-in's URL for each other region, so that nothing of the local stack asks AWS. Wrong tables are not judged."""
    regions, upstream = document.get("guardrails"), document.get("upstream", {})
    given = upstream.get("region_urls", {}) if isinstance(upstream, dict) else None
    if not isinstance(regions, dict) or not isinstance(given, dict):
        return {}
    return {"region_urls": {**dict.fromkeys(regions, upstream_url), **given}}


def _base_url(aws_endpoint_url: str, api: apigateway.RestApi) -> str:
    stage = f"restapis/{api.rest_api_id}/{api.deployment_stage.stage_name}"
    return f"{aws_endpoint_url}/{stage}/_user_request_{BASE_PATH}"
