"""Wrong settings of a domain, a VPC and a web ACL are refused by name, and combinations that cannot stand together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.settings.network_rules import is_at_vpc_endpoint
from infra.settings.problems import InvalidEnvironmentError
from tests.infra.conftest import changed
from tests.infra.network_settings import DOMAIN, ENDPOINT_ID, PRIVATE, REGION, VPC, WEB_ACL, ZONE

AT_ENDPOINT = f"https://{ENDPOINT_ID}-abcdefgh.bedrock-runtime.{REGION}.vpce.amazonaws.com/openai/v1"
FAR = "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1"
TARGETS = [{"name": "fast", "targets": [{"model": "qwen.qwen3-32b-v1:0", "region": "us-west-2"}]}]
GUARDRAILS = {"us-west-2": {"identifier": "def456", "version": "4"}}


def refusal(**settings: Any) -> str:
    """The error for `dev` with these settings."""
    with pytest.raises(InvalidEnvironmentError) as refused:
        changed("dev", **settings)
    return str(refused.value)


@pytest.mark.parametrize(
    ("domain", "says"),
    [
        ({"name": "https://llm.example.com"}, "domain.name is"),
        ({"name": "LLM.example.com"}, "must be a domain name in lower case"),
        ({"name": "localhost"}, "domain.name is"),
        ({"name": "a" * 60 + ("." + "b" * 60) * 2}, "domain.name is"),
        ({"certificate_arn": "arn:aws:iam::123456789012:server-certificate/x"}, "certificate in ACM"),
        ({"hosted_zone_id": "Z1"}, "domain.hosted_zone_name is missing"),
        ({"hosted_zone_name": "example.com"}, "domain.hosted_zone_id is missing"),
        ({**ZONE, "hosted_zone_name": "example.org"}, "domain.name must be in the hosted zone"),
        ({**ZONE, "hosted_zone_name": "m.example.com"}, "domain.name must be in the hosted zone"),
        ({"base_path": "a/b"}, "domain.base_path is"),
        ({"base_path": ""}, "domain.base_path is"),
        ({"security_policy": "TLS_1_0"}, "domain.security_policy is"),
    ],
)
def test_a_wrong_domain(domain: dict[str, Any], says: str) -> None:
    """Each wrong setting of the domain is named."""
    assert says in refusal(domain={**DOMAIN, **domain})


@pytest.mark.parametrize("name", ["llm.example.com", "example.com", "a.b.c.example.co"])
def test_a_domain(name: str) -> None:
    """A domain may be below its zone, or the zone itself."""
    zone = {**ZONE, "hosted_zone_name": ".".join(name.split(".")[-2:])}
    assert changed("dev", domain={**DOMAIN, **zone, "name": name}).domain is not None


@pytest.mark.parametrize(
    ("network", "says"),
    [
        ({"vpc_id": "my-vpc"}, "network.vpc_id is"),
        ({"subnet_ids": []}, "network.subnet_ids is"),
        ({"subnet_ids": [VPC["subnet_ids"][0]] * 2}, "names one twice"),
        ({"availability_zones": ["eu-west-1a"]}, "network.availability_zones has 1 zones for 2 subnets"),
        ({"route_table_ids": []}, "network.route_table_ids is empty, but the functions need dynamodb and s3"),
        ({"existing_endpoints": ["sqss"]}, "network.existing_endpoints[0] is"),
        ({"vpc_endpoint_ids": [ENDPOINT_ID]}, "network.vpc_endpoint_ids needs private_api = true"),
        ({"s3_interface_endpoint": True}, "network.s3_interface_endpoint needs private_api = true"),
        ({"private_api": True}, "network.caller_cidrs is empty"),
        ({"caller_cidrs": ["10.0.0.0/8"]}, "network.caller_cidrs is for endpoints that the stack creates"),
        ({"private_api": True, "caller_cidrs": ["0.0.0.0/0"]}, "must not be 0.0.0.0/0"),
        ({"private_api": True, "caller_cidrs": ["10.0.0.1/8"]}, "must be an IPv4 network"),
        (
            {"private_api": True, "vpc_endpoint_ids": [ENDPOINT_ID], "s3_interface_endpoint": True},
            "network.caller_cidrs is empty",
        ),
    ],
)
def test_a_wrong_network(network: dict[str, Any], says: str) -> None:
    """Each wrong setting of the network is named."""
    assert says in refusal(network={**VPC, **network})


@pytest.mark.parametrize(
    ("waf", "says"),
    [
        ({"web_acl_arn": WEB_ACL.replace("regional", "global")}, "waf.web_acl_arn is"),
        ({"requests_per_5_minutes": 9}, "waf.requests_per_5_minutes is 9; it must be at least 10"),
        (
            {"web_acl_arn": WEB_ACL, "requests_per_5_minutes": 10},
            "waf.requests_per_5_minutes cannot be set with",
        ),
        ({"web_acl_arn": WEB_ACL, "core_rules": True}, "waf.core_rules cannot be set with web_acl_arn"),
    ],
)
def test_a_wrong_web_acl(waf: dict[str, Any], says: str) -> None:
    """Each wrong setting of the web ACL is named."""
    assert says in refusal(waf=waf)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"region": "eu-west-2", "domain": DOMAIN}, "domain.certificate_arn must be in eu-west-2"),
        ({"region": "eu-west-2", "waf": {"web_acl_arn": WEB_ACL}}, "waf.web_acl_arn must be in eu-west-2"),
        (
            {"region": "eu-west-2", "network": VPC},
            "network.availability_zones has eu-west-1a, which is not in eu-west-2, the region of the stack",
        ),
        ({"domain": DOMAIN, "network": PRIVATE}, "network.private_api cannot be set with [domain]"),
        ({"upstream": {"url": AT_ENDPOINT}}, "upstream.url is a VPC endpoint, which only functions in a VPC"),
        (
            {"upstream": {"url": AT_ENDPOINT, "key_rotation": {"user": "bedrock"}}, "network": VPC},
            "upstream.key_rotation cannot be set if upstream.url is a VPC endpoint",
        ),
        (
            {
                "region": REGION,
                "network": VPC,
                "models": TARGETS,
                "guardrails": GUARDRAILS,
                "proof": {"on_deploy": True},
                "upstream": {"region_urls": {"us-west-2": AT_ENDPOINT.replace(REGION, "us-west-2")}},
            },
            "proof.on_deploy cannot be set with targets in other regions and a VPC endpoint",
        ),
        (
            {"region": REGION, "network": VPC, "upstream": {"url": FAR}},
            "upstream.url is Bedrock in another region, which a VPC reaches only with",
        ),
        (
            {"region": REGION, "network": VPC, "models": TARGETS, "guardrails": GUARDRAILS},
            "models has targets in us-west-2, which a VPC reaches only with",
        ),
    ],
)
def test_what_cannot_stand_together(settings: dict[str, Any], says: str) -> None:
    """A combination that would fail on AWS is refused before the deployment, by name."""
    assert says in refusal(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"upstream": {"url": AT_ENDPOINT}},
        {"internet_access": True, "upstream": {"url": FAR}},
        {"internet_access": True, "models": TARGETS, "guardrails": GUARDRAILS},
        {
            "models": TARGETS,
            "guardrails": GUARDRAILS,
            "upstream": {"region_urls": {"us-west-2": AT_ENDPOINT.replace(REGION, "us-west-2")}},
        },
    ],
)
def test_what_can(settings: dict[str, Any]) -> None:
    """With a VPC that has a way there, these are allowed."""
    others = {name: value for name, value in settings.items() if name != "internet_access"}
    network = {**VPC, "internet_access": "internet_access" in settings}
    assert changed("dev", region=REGION, network=network, **others).network is not None


def test_a_local_zone() -> None:
    """The name of a Local Zone begins with its region, too."""
    zones = ["us-west-2a", "us-west-2-lax-1a"]
    assert (
        changed("dev", region="us-west-2", network={**VPC, "availability_zones": zones}).network is not None
    )


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        (AT_ENDPOINT, True),
        (AT_ENDPOINT.upper(), True),
        (AT_ENDPOINT.replace(".com/", ".com.cn/"), True),
        (AT_ENDPOINT.replace(".com/", ".com:443/"), True),
        (FAR, False),
        ("https://example.com/vpce-1.vpce.amazonaws.com/openai/v1", False),
        (None, False),
    ],
)
def test_a_url_at_a_vpc_endpoint(url: str | None, is_one: bool) -> None:
    """The host decides whether a URL is a VPC endpoint."""
    assert is_at_vpc_endpoint(url) is is_one


@given(st.text())
def test_any_url(url: str) -> None:
    """Any text is judged."""
    assert is_at_vpc_endpoint(url) in (True, False)
