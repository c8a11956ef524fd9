"""The VPC of the functions: their subnets and security groups, and the endpoints for what they call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Self

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from infra import acknowledgements
from infra.network import services
from infra.settings.environment import Environment
from infra.settings.network import GATEWAYS, Network, Service

ID = "Network"
_HTTPS = 443
_NO_ROUTE_TABLES = "@aws-cdk/aws-ec2:noSubnetRouteTableId"
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
_INTERFACE_ACTIONS = [
    f"ec2:{action}"
    for action in (
        "CreateNetworkInterface",
        "DescribeNetworkInterfaces",
        "DescribeSubnets",
        "DeleteNetworkInterface",
        "AssignPrivateIpAddresses",
        "UnassignPrivateIpAddresses",
    )
]


class FunctionNetwork(Construct):
    """An existing VPC, named by ids, and the endpoints that the stack adds to it.

    `api_endpoint` is the endpoint for the private API; None if the API is public, or has endpoints of the operator's.
    """

    def __init__(self, scope: cdk.Stack, *, environment: Environment, network: Network) -> None:
        super().__init__(scope, ID)
        self._network = network
        self.vpc = ec2.Vpc.from_vpc_attributes(
            self,
            "Vpc",
            vpc_id=network.vpc_id,
            availability_zones=network.availability_zones,
            private_subnet_ids=network.subnet_ids,
        )
        # The gateway endpoints get their route tables from the settings.
        cdk.Annotations.of(self).acknowledge_warning(_NO_ROUTE_TABLES)
        self.subnets = ec2.SubnetSelection(subnets=self.vpc.private_subnets)
        self.security_groups = self._groups_of_functions(environment)
        missing = [one for one in services.needed(environment) if one not in network.existing_endpoints]
        self._add_gateways([service for service in missing if service in GATEWAYS])
        self._add_interfaces([service for service in missing if service not in GATEWAYS])
        self.api_endpoint = self._add_endpoints_for_callers()

    @property
    def placement(self) -> dict[str, Any]:
        """The arguments of a function that runs in the VPC."""
        return {"vpc": self.vpc, "vpc_subnets": self.subnets, "security_groups": self.security_groups}

    @classmethod
    def of(cls, construct: IConstruct) -> Self | None:
        """The network of the construct's stack; None if its functions run outside a VPC."""
        found = cdk.Stack.of(construct).node.try_find_child(ID)
        return found if isinstance(found, cls) else None

    def permit(self, role: iam.Role) -> None:
        """Lets Lambda create the network interfaces of the role's function, but not the function's own code.

        https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice-security
        """
        role.add_to_policy(iam.PolicyStatement(actions=_INTERFACE_ACTIONS, resources=["*"]))
        role.add_to_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=_INTERFACE_ACTIONS,
                resources=["*"],
                conditions={"Null": {"lambda:SourceFunctionArn": "false"}},
            )
        )
        acknowledgements.acknowledge(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            "Lambda names the network interfaces of a function in a VPC. The function's own code may not use these actions.",
        )

    def _groups_of_functions(self, environment: Environment) -> list[ec2.ISecurityGroup]:
        ids = self._network.security_group_ids
        if ids:
            return [ec2.SecurityGroup.from_security_group_id(self, id_, id_, mutable=False) for id_ in ids]
        group = self._group("Functions", "The functions of the gateway. Nothing connects to them")
        for port in sorted({_HTTPS, *_ports(environment)}):
            group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(port), "AWS and the model's endpoint")
        return [group]

    def _add_gateways(self, names: Sequence[Service]) -> None:
        for name in names:
            ec2.CfnVPCEndpoint(
                self,
                _title(name),
                vpc_id=self.vpc.vpc_id,
                vpc_endpoint_type="Gateway",
                service_name=f"com.amazonaws.{cdk.Aws.REGION}.{name}",
                route_table_ids=self._network.route_table_ids,
            )

    def _add_interfaces(self, names: Sequence[Service]) -> None:
        if not names:
            return
        group = self._group("Endpoints", "Endpoints for what the functions call")
        self._let_in_functions(group)
        for name in names:
            self._interface(name, group)

    def _add_endpoints_for_callers(self) -> ec2.InterfaceVpcEndpoint | None:
        """The endpoints for callers of the private API, and for their downloads. Returns the API's."""
        network = self._network
        if not network.caller_cidrs:
            return None
        group = self._group("Callers", "Endpoints for callers of the private API")
        self._let_in_functions(group)
        for cidr in network.caller_cidrs:
            group.add_ingress_rule(ec2.Peer.ipv4(cidr), ec2.Port.tcp(_HTTPS), "Callers")
        if network.s3_interface_endpoint:
            self._interface("s3", group, id_="FileDownloads")
        if not network.creates_api_endpoint:
            return None
        # Private DNS would make all public APIs of the region unreachable from the VPC. The API's URL does without:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-test-invoke-url.html
        return self._interface("execute-api", group, private_dns=False)

    def _interface(
        self, name: str, group: ec2.ISecurityGroup, *, id_: str | None = None, private_dns: bool = True
    ) -> ec2.InterfaceVpcEndpoint:
        for_all = ec2.VpcEndpointPrivateDnsOnlyForInboundResolverEndpoint.ALL_RESOLVERS
        return ec2.InterfaceVpcEndpoint(
            self,
            id_ or _title(name),
            vpc=self.vpc,
            service=ec2.InterfaceVpcEndpointAwsService(name),
            subnets=self.subnets,
            security_groups=[group],
            open=False,
            private_dns_enabled=private_dns,
            private_dns_only_for_inbound_resolver_endpoint=for_all if name == "s3" else None,
        )

    def _group(self, id_: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(self, id_, vpc=self.vpc, description=description, allow_all_outbound=False)

    def _let_in_functions(self, group: ec2.SecurityGroup) -> None:
        for own in self.security_groups:
            group.add_ingress_rule(own, ec2.Port.tcp(_HTTPS), "The gateway's functions")


def _ports(environment: Environment) -> set[int]:
    """The ports in the URLs of model endpoints."""
    urls = (environment.upstream.url or "", *environment.upstream.region_urls.values())
    found = (re.match(r"https?://[^/]*:([0-9]+)/", url) for url in urls)
    return {int(match[1]) for match in found if match is not None}


def _title(name: str) -> str:
    """The id of a construct: BedrockRuntime for bedrock-runtime."""
    return "".join(part.capitalize() for part in name.split("-"))
