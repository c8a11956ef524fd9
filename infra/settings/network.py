"""The VPC of the functions, its endpoints, and the private API."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from infra.settings.table import Table, matching, require

# Names of AWS's endpoint services, without `com.amazonaws.REGION.` in front.
Service = Literal[
    "bedrock",
    "bedrock-mantle",
    "bedrock-runtime",
    "bedrock-runtime-fips",
    "cloudformation",
    "dynamodb",
    "s3",
    "secretsmanager",
    "sqs",
    "sts",
]
GATEWAYS: tuple[Service, ...] = ("dynamodb", "s3")


def _id(prefix: str, what: str) -> AfterValidator:
    return AfterValidator(
        matching(
            rf"{prefix}-[0-9a-f]{{8,17}}", f"must be the id of {what}, such as {prefix}-0123456789abcdef0"
        )
    )


def _cidr(text: str) -> str:
    """`text` if it is an IPv4 network that is not the whole internet. Raises ValueError."""
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        raise ValueError("must be an IPv4 network, such as 10.0.0.0/8") from None
    if network.prefixlen == 0:
        raise ValueError("must not be 0.0.0.0/0: name the networks of your callers")
    return text


def _no_repetition(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise ValueError("names one twice")
    return values


SubnetId = Annotated[str, _id("subnet", "a subnet")]
SecurityGroupId = Annotated[str, _id("sg", "a security group")]
RouteTableId = Annotated[str, _id("rtb", "a route table")]
VpcEndpointId = Annotated[str, _id("vpce", "a VPC endpoint")]
Zone = Annotated[str, AfterValidator(matching(r"[a-z0-9-]{5,30}[a-z]", "must be a zone, such as eu-west-1a"))]


class Network(Table):
    """The VPC in which the functions run, and the API's place in it. Nothing of the VPC is looked up."""

    vpc_id: Annotated[str, _id("vpc", "a VPC")]
    """The VPC of the functions."""
    subnet_ids: Annotated[list[SubnetId], Field(min_length=1), AfterValidator(_no_repetition)]
    """The private subnets of the functions and of the endpoints: one in each zone."""
    availability_zones: Annotated[list[Zone], Field(min_length=1), AfterValidator(_no_repetition)]
    """The zone of each subnet, in the same order."""
    security_group_ids: list[SecurityGroupId] = Field(default_factory=list)
    """Security groups of the functions. By default, the stack creates one that allows only HTTPS to the outside."""
    route_table_ids: list[RouteTableId] = Field(default_factory=list)
    """The route tables of the subnets. The stack adds gateway endpoints for DynamoDB and S3 to them."""
    existing_endpoints: list[Service] = Field(default_factory=list)
    """What the subnets reach already, by endpoints of yours or a NAT gateway. The stack creates the other endpoints."""
    internet_access: bool = False
    """The subnets have a route to the internet. Without one, the gateway cannot use Bedrock in other regions."""
    private_api: bool = False
    """Only the VPC endpoints of `vpc_endpoint_ids` reach the API, or the stack's own. By default the API is public."""
    vpc_endpoint_ids: Annotated[list[VpcEndpointId], AfterValidator(_no_repetition)] = Field(
        default_factory=list
    )
    """Endpoints for execute-api that may call the private API. By default, the stack creates one."""
    caller_cidrs: list[Annotated[str, AfterValidator(_cidr)]] = Field(default_factory=list)
    """The IPv4 networks of callers, which the stack's endpoints for the API and for file downloads let in."""
    s3_interface_endpoint: bool = False
    """Create an interface endpoint for S3, by which callers outside the VPC download large files from a private API."""

    @model_validator(mode="after")
    def _each_subnet_has_its_zone(self) -> Self:
        subnets, zones = len(self.subnet_ids), len(self.availability_zones)
        require(
            subnets == zones,
            "availability_zones",
            f"has {zones} zones for {subnets} subnets; name one for each",
        )
        return self

    @model_validator(mode="after")
    def _gateways_have_route_tables(self) -> Self:
        missing = [service for service in GATEWAYS if service not in self.existing_endpoints]
        rule = (
            f"is empty, but the functions need {' and '.join(missing)}: name the subnets' route tables, or "
        )
        rule += "existing_endpoints that have them"
        require(bool(self.route_table_ids) or not missing, "route_table_ids", rule)
        return self

    @model_validator(mode="after")
    def _callers_are_known(self) -> Self:
        private = self.private_api
        require(private or not self.vpc_endpoint_ids, "vpc_endpoint_ids", "needs private_api = true")
        require(
            private or not self.s3_interface_endpoint, "s3_interface_endpoint", "needs private_api = true"
        )
        needs = self.creates_api_endpoint or self.s3_interface_endpoint
        rule = "is empty: name the networks of the callers that the stack's endpoints let in"
        require(bool(self.caller_cidrs) or not needs, "caller_cidrs", rule)
        rule = "is for endpoints that the stack creates for callers, and it creates none"
        require(needs or not self.caller_cidrs, "caller_cidrs", rule)
        return self

    @property
    def creates_api_endpoint(self) -> bool:
        """Whether the stack creates the endpoint by which callers reach the private API."""
        return self.private_api and not self.vpc_endpoint_ids
