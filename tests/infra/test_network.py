"""The functions run in the operator's VPC, reach what they call there, and the API may be private."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from guardrail_proof.settings import ProverSettings
from infra import emulator
from infra.network import services as network_services
from infra.settings.problems import InvalidEnvironmentError
from tests.infra.conftest import Synthesised, changed, resolved, stack_of, synthesised
from tests.infra.network_settings import ENDPOINT_ID, PRIVATE, REGION, VPC

ENDPOINT, GROUP, API = "AWS::EC2::VPCEndpoint", "AWS::EC2::SecurityGroup", "AWS::ApiGateway::RestApi"
INGRESS = "AWS::EC2::SecurityGroupIngress"
OUTSIDE = {"key-rotation", "pre-traffic"}
INSIDE = {"api", "worker", "authorizer", "resources", "batch-steps"}
# What Lambda does in the function's place, outside the VPC, and what AWS's services ask of KMS in the caller's place.
OF_LAMBDA = {"logs", "xray", "ec2", "kms"}


@cache
def in_vpc() -> Synthesised:
    """A public API whose functions are in a VPC, with all functions. Synthesis fails if cdk-nag has a finding."""
    return stack_of(
        changed(
            "prod",
            region=REGION,
            network=VPC,
            upstream={"key_rotation": {"user": "bedrock"}},
            proof={"on_deploy": True},
            monitoring={"tracing": True},
            deployment={"gradual": True},
        )
    )


@cache
def private() -> Synthesised:
    """A private API with all endpoints, and the proof."""
    network = {**PRIVATE, "s3_interface_endpoint": True}
    return stack_of(changed("dev", region=REGION, network=network, proof={"on_deploy": True}))


@cache
def given() -> Synthesised:
    """A private API with the operator's endpoints and security groups: the stack creates none."""
    network = {
        **{name: value for name, value in VPC.items() if name != "route_table_ids"},
        "existing_endpoints": ["dynamodb", "s3", "sqs", "secretsmanager", "bedrock", "bedrock-runtime"],
        "security_group_ids": ["sg-0123456789abcdef0"],
        "private_api": True,
        "vpc_endpoint_ids": [ENDPOINT_ID, "vpce-0123456789abcdef1"],
    }
    return stack_of(changed("dev", region=REGION, network=network))


def functions(stack: Synthesised) -> dict[str, dict[str, Any]]:
    """The gateway's functions by the end of their names; the CDK's own have no name."""
    prefix = len("Stack-")
    found = stack.resources("AWS::Lambda::Function").values()
    return {one["FunctionName"][prefix:]: one for one in found if "FunctionName" in one}


def services(stack: Synthesised) -> set[str]:
    """The services that have an endpoint in the VPC."""
    names = (resolved(one["ServiceName"]) for one in stack.resources(ENDPOINT).values())
    return {name.rpartition(".")[2] for name in names}


def called(stack: Synthesised, function: dict[str, Any]) -> Iterator[str]:
    """The services whose actions the function's role may use."""
    role = function["Role"]["Fn::GetAtt"][0]
    for policy in stack.resources("AWS::IAM::Policy").values():
        if {"Ref": role} not in policy["Roles"]:
            continue
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                yield service_of(action)


def service_of(action: str) -> str:
    """The endpoint service of an IAM action. Bedrock's models answer at another host than its lists."""
    is_runtime = action.startswith(("bedrock:Invoke", "bedrock:ApplyGuardrail"))
    return "bedrock-runtime" if is_runtime else action.partition(":")[0]


def test_without_the_setting(stack: Synthesised) -> None:
    """No environment has a network by itself: no endpoint, group or permission, and no function in a VPC."""
    assert not stack.resources(ENDPOINT)
    assert not stack.resources(GROUP)
    assert not [name for name, one in functions(stack).items() if "VpcConfig" in one]
    assert "Policy" not in stack.one(API)


def test_each_function_is_placed() -> None:
    """Every function runs in the VPC, except those that call IAM, Lambda and CodeDeploy, and a proof of a public API."""
    inside = {name for name, one in functions(in_vpc()).items() if "VpcConfig" in one}
    assert inside == INSIDE
    assert functions(in_vpc()).keys() == INSIDE | OUTSIDE | {"prover"}
    (group,) = (id_ for id_ in in_vpc().resources(GROUP) if "Functions" in id_)
    for name in inside:
        assert functions(in_vpc())[name]["VpcConfig"] == {
            "SecurityGroupIds": [{"Fn::GetAtt": [group, "GroupId"]}],
            "SubnetIds": VPC["subnet_ids"],
        }


@pytest.mark.parametrize("stack", [in_vpc, private])
@pytest.mark.parametrize("auth", ["key", "sigv4"])
def test_functions_reach_what_they_call(stack: Any, auth: str) -> None:
    """Each service that a role of a function in the VPC may use has an endpoint there, or Lambda calls it."""
    network = PRIVATE if stack is private else VPC
    made = (
        stack()
        if auth == "key"
        else stack_of(changed("dev", region=REGION, network=network, upstream={"auth": "sigv4"}))
    )
    for name, function in functions(made).items():
        if "VpcConfig" in function:
            assert set(called(made, function)) - OF_LAMBDA <= services(made), name


def test_the_endpoints() -> None:
    """There are endpoints for what is called, and no more. Those for logs and traces are not needed."""
    needed = {"dynamodb", "s3", "sqs", "secretsmanager", "bedrock", "bedrock-runtime"}
    assert services(in_vpc()) == needed
    assert services(private()) == needed | {"execute-api", "cloudformation"}
    by_type = {
        resolved(one["ServiceName"]).rpartition(".")[2]: one["VpcEndpointType"]
        for one in in_vpc().resources(ENDPOINT).values()
    }
    assert {name for name, type_ in by_type.items() if type_ == "Gateway"} == {"dynamodb", "s3"}


@pytest.mark.parametrize(
    ("upstream", "lacks"),
    [
        ({"auth": "sigv4"}, {"secretsmanager"}),
        ({"models": ["openai.gpt-oss-20b-1:0"]}, {"bedrock"}),
        ({"url": f"https://{ENDPOINT_ID}.bedrock-runtime.{REGION}.vpce.amazonaws.com/openai/v1"}, set()),
    ],
)
def test_no_endpoint_without_need(upstream: dict[str, Any], lacks: set[str]) -> None:
    """The stack creates no endpoint for what the settings do not use."""
    found = services(stack_of(changed("dev", region=REGION, network=VPC, upstream=upstream)))
    is_at_endpoint = "url" in upstream
    assert not lacks & found
    assert ("bedrock-runtime" in found) is not is_at_endpoint


_ROLE = {"auth": "sigv4", "role_arn": "arn:aws:iam::210987654321:role/bedrock-caller"}
_ELSEWHERE = {
    "kind": "existing",
    "identifier": f"arn:aws:bedrock:{REGION}:210987654321:guardrail/abc123",
    "version": "1",
}
_FAR = {"url": "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1"}


@pytest.mark.parametrize(
    ("settings", "has_sts", "has_bedrock"),
    [
        ({"network": PRIVATE, "client_auth": "iam"}, False, True),
        ({"network": PRIVATE, "client_auth": "iam", "proof": {"on_deploy": True}}, True, True),
        ({"network": PRIVATE, "proof": {"on_deploy": True}}, False, True),
        ({"network": VPC, "client_auth": "iam", "proof": {"on_deploy": True}}, False, True),
        ({"network": VPC, "upstream": _ROLE, "guardrail": _ELSEWHERE}, True, False),
        ({"network": {**VPC, "internet_access": True}, "upstream": _FAR}, False, False),
    ],
)
def test_endpoints_follow_from_the_settings(
    settings: dict[str, Any], has_sts: bool, has_bedrock: bool
) -> None:
    """STS is needed to assume a role, and by a proof in the VPC that signs, which asks for its own role. Bedrock's lists are
    needed only where `GET /models` has models of this account and region."""
    needed = network_services.needed(changed("dev", region=REGION, **settings))
    assert ("sts" in needed, "bedrock" in needed) == (has_sts, has_bedrock)


def test_the_functions_group() -> None:
    """Functions may open HTTPS connections, and nothing may connect to them."""
    (group,) = (one for id_, one in in_vpc().resources(GROUP).items() if "Functions" in id_)
    (rule,) = group["SecurityGroupEgress"]
    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (443, 443, "tcp")
    assert "SecurityGroupIngress" not in group


def test_another_port() -> None:
    """The group of the functions also allows the port of `upstream.url`."""
    url = "https://models.example.com:8443/openai/v1"
    stack = stack_of(changed("dev", region=REGION, network=VPC, upstream={"url": url}))
    (group,) = (one for id_, one in stack.resources(GROUP).items() if "Functions" in id_)
    assert [rule["ToPort"] for rule in group["SecurityGroupEgress"]] == [443, 8443]


def test_who_reaches_the_endpoints() -> None:
    """Only the functions reach the endpoints, and the callers' networks those of the API and of downloads."""
    groups = private().resources(GROUP)
    callers = {id_: one.get("SecurityGroupIngress", []) for id_, one in groups.items()}
    open_to = {id_: [rule["CidrIp"] for rule in rules] for id_, rules in callers.items() if rules}
    assert list(open_to.values()) == [["10.0.0.0/8"]]
    assert all("Callers" in id_ for id_ in open_to)
    (functions_group,) = (id_ for id_ in groups if "Functions" in id_)
    for rule in private().resources(INGRESS).values():
        assert rule["SourceSecurityGroupId"] == {"Fn::GetAtt": [functions_group, "GroupId"]}
        assert rule["ToPort"] == 443


def test_code_makes_no_interfaces() -> None:
    """Lambda may create the function's network interfaces with the role, and the function's code may not."""
    policies = in_vpc().resources("AWS::IAM::Policy").items()
    (policy,) = (one for id_, one in policies if "ChatRole" in id_)
    statements = [one for one in policy["PolicyDocument"]["Statement"] if "ec2:" in str(one["Action"])]
    assert [one["Effect"] for one in statements] == ["Allow", "Deny"]
    allowed, denied = (set(one["Action"]) for one in statements)
    assert {action for action in allowed if action.startswith("ec2:")} == denied
    assert statements[1]["Condition"] == {"Null": {"lambda:SourceFunctionArn": "false"}}


def test_the_private_api() -> None:
    """Only requests through the named endpoints reach the API."""
    (own,) = (id_ for id_ in private().resources(ENDPOINT) if "ExecuteApi" in id_)
    of_operator = [ENDPOINT_ID, "vpce-0123456789abcdef1"]
    expected: list[tuple[Synthesised, list[Any]]] = [(private(), [{"Ref": own}]), (given(), of_operator)]
    for stack, ids in expected:
        api = stack.one(API)
        assert api["EndpointConfiguration"] == {"Types": ["PRIVATE"], "VpcEndpointIds": ids}
        allow, deny = api["Policy"]["Statement"]
        assert (allow["Effect"], deny["Effect"]) == ("Allow", "Deny")
        assert deny["Condition"] == {"StringNotEquals": {"aws:SourceVpce": ids}}
        assert allow["Action"] == deny["Action"] == "execute-api:Invoke"
        assert allow["Resource"] == deny["Resource"] == "execute-api:/*"


def test_a_change_is_published() -> None:
    """Without a new deployment the resource policy would not take effect."""
    ids = {
        id_
        for stack in (synthesised("dev"), private(), given())
        for id_ in stack.resources("AWS::ApiGateway::Deployment")
    }
    assert len(ids) == 3


def test_the_base_url() -> None:
    """The URL is that of the API at its endpoint, which needs no private DNS. The proof uses it, too."""
    url = resolved(given().template["Outputs"]["BaseUrl"]["Value"])
    assert f"-{ENDPOINT_ID}.execute-api.us-east-1.amazonaws.com/" in url
    assert url.endswith("/openai/v1")
    url = resolved(private().template["Outputs"]["BaseUrl"]["Value"])
    assert "NetworkExecuteApi" in url
    assert ProverSettings.from_env(private().variables("prover")).gateway.base_url == url
    (endpoint,) = (one for id_, one in private().resources(ENDPOINT).items() if "ExecuteApi" in id_)
    assert endpoint["PrivateDnsEnabled"] is False


def test_the_proof_of_a_private_api() -> None:
    """The proof runs in the VPC, after the endpoints and their rules exist."""
    assert "VpcConfig" in functions(private())["prover"]
    resources = private().template["Resources"]
    (trigger,) = (one for one in resources.values() if one["Type"] == "Custom::Trigger")
    types = {resources[id_]["Type"] for id_ in trigger["DependsOn"]}
    assert {ENDPOINT, INGRESS} <= types


def test_file_downloads() -> None:
    """Callers outside the VPC reach S3 by an endpoint under its usual name, for which presigned URLs are made."""
    (endpoint,) = (one for id_, one in private().resources(ENDPOINT).items() if "FileDownloads" in id_)
    assert resolved(endpoint["ServiceName"]).endswith(".s3")
    assert endpoint["PrivateDnsEnabled"] is True
    assert endpoint["DnsOptions"] == {"PrivateDnsOnlyForInboundResolverEndpoint": "AllResolvers"}


def test_the_operators_endpoints() -> None:
    """The stack creates no endpoint and no group if all exist."""
    assert not given().resources(ENDPOINT)
    assert not given().resources(GROUP)
    assert functions(given())["api"]["VpcConfig"]["SecurityGroupIds"] == ["sg-0123456789abcdef0"]


def test_not_on_the_emulator() -> None:
    """The emulator's functions run on the machine, so `local` refuses the setting."""
    with pytest.raises(InvalidEnvironmentError, match="network must not be set"):
        emulator.check({"network": VPC})
