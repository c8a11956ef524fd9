"""From where callers reach the API: the internet, a domain name only, or VPC endpoints only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.network.function_network import FunctionNetwork
from infra.platform import BASE_PATH
from infra.settings.environment import Environment

_HTTPS = 443


def arguments(scope: Construct, environment: Environment) -> dict[str, Any]:
    """The arguments of RestApi that say how the API is reached."""
    network, domain = environment.network, environment.domain
    if network is not None and network.private_api:
        return _private(scope, network.vpc_endpoint_ids)
    public: dict[str, Any] = {"endpoint_types": [apigateway.EndpointType.REGIONAL]}
    if domain is not None and not domain.keep_default_endpoint:
        public["disable_execute_api_endpoint"] = True
    return public


def base_url(api: apigateway.RestApi, environment: Environment) -> str:
    """The URL before /chat/completions: under the domain, at the first endpoint of a private API, or under execute-api."""
    if environment.domain is not None and environment.platform.has_domains:
        return environment.domain.base_url
    network = environment.network
    if network is None or not network.private_api:
        return environment.platform.base_url(api)
    first = _endpoint_ids(api, network.vpc_endpoint_ids)[0]
    host = f"{api.rest_api_id}-{first}.execute-api.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}"
    return f"https://{host}/{api.deployment_stage.stage_name}{BASE_PATH}"


def _private(scope: Construct, given: Sequence[str]) -> dict[str, Any]:
    """API Gateway makes a DNS name of the API and each of its endpoints, which is known everywhere.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/associate-private-api-with-vpc-endpoint.html
    """
    ids = _endpoint_ids(scope, given)
    endpoints = [
        ec2.InterfaceVpcEndpoint.from_interface_vpc_endpoint_attributes(
            scope, f"VpcEndpoint{number}", vpc_endpoint_id=id_, port=_HTTPS
        )
        for number, id_ in enumerate(ids, 1)
    ]
    return {
        "endpoint_configuration": apigateway.EndpointConfiguration(
            types=[apigateway.EndpointType.PRIVATE], vpc_endpoints=endpoints
        ),
        "policy": _only_through(ids),
    }


def _only_through(endpoint_ids: Sequence[str]) -> iam.PolicyDocument:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html"""

    def statement(effect: iam.Effect, **conditions: Any) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            effect=effect,
            principals=[iam.AnyPrincipal()],
            actions=["execute-api:Invoke"],
            resources=["execute-api:/*"],
            conditions=conditions or None,
        )

    elsewhere = {"aws:SourceVpce": list(endpoint_ids)}
    return iam.PolicyDocument(
        statements=[statement(iam.Effect.ALLOW), statement(iam.Effect.DENY, StringNotEquals=elsewhere)]
    )


def _endpoint_ids(scope: Construct, given: Sequence[str]) -> list[str]:
    """The ids of the operator's endpoints, or the id of the stack's own."""
    network = FunctionNetwork.of(scope)
    if network is None or network.api_endpoint is None:
        return list(given)
    return [network.api_endpoint.vpc_endpoint_id]
