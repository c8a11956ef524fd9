"""A domain name of the operator's leads to the API, and replaces its default endpoint."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from chat_gateway.http_api.custom_domain import CustomDomain
from guardrail_proof.settings import ProverSettings
from infra.api import api_domain
from infra.settings.domain import SecurityPolicy
from tests.infra.conftest import Synthesised, changed, resolved, stack_of, synthesised
from tests.infra.network_settings import CERTIFICATE, DOMAIN, REGION, ZONE

NAME, MAPPING = "AWS::ApiGateway::DomainName", "AWS::ApiGateway::BasePathMapping"
RECORD, API = "AWS::Route53::RecordSet", "AWS::ApiGateway::RestApi"
TLS_1_3 = "SecurityPolicy_TLS13_1_3_2025_09"


@cache
def shared() -> Synthesised:
    """A domain with a record, a base path and TLS 1.3, and the proof. Synthesis fails if cdk-nag has a finding."""
    domain = {**DOMAIN, **ZONE, "base_path": "team", "security_policy": TLS_1_3}
    return stack_of(changed("dev", region=REGION, domain=domain, proof={"on_deploy": True}))


@cache
def plain() -> Synthesised:
    """A domain without a hosted zone, beside the default endpoint."""
    return stack_of(changed("dev", domain={**DOMAIN, "keep_default_endpoint": True}))


def deployment(stack: Synthesised) -> str:
    """The logical id of the API's deployment. A new one makes API Gateway publish the API's changes."""
    (id_,) = stack.resources("AWS::ApiGateway::Deployment")
    return id_


def test_without_the_setting(stack: Synthesised) -> None:
    """No environment has a domain by itself: no name, mapping, record, output or variable."""
    assert not [type_ for type_ in (NAME, MAPPING, RECORD) if stack.resources(type_)]
    assert "DisableExecuteApiEndpoint" not in stack.one(API)
    assert "DomainTarget" not in stack.template["Outputs"]
    assert CustomDomain.from_env(stack.variables("api")) is None


def test_the_name() -> None:
    """The domain has the operator's certificate, a regional endpoint, and TLS 1.2 or newer."""
    assert plain().one(NAME) | {"Tags": []} == {
        "DomainName": "llm.example.com",
        "EndpointConfiguration": {"Types": ["REGIONAL"]},
        "RegionalCertificateArn": CERTIFICATE,
        "SecurityPolicy": "TLS_1_2",
        "Tags": [],
    }


def test_tls_1_3() -> None:
    """A newer policy is the domain's and the API's, because the API's decides behind a domain, too."""
    for properties in (shared().one(NAME), shared().one(API)):
        assert properties["SecurityPolicy"] == TLS_1_3
        assert properties["EndpointAccessMode"] == "STRICT"
    assert "SecurityPolicy" not in plain().one(API)


def test_every_policy_is_known() -> None:
    """The CDK has each security policy that the settings offer, under AWS's name."""
    assert api_domain._POLICIES.keys() == set(SecurityPolicy)
    for policy, of_cdk in api_domain._POLICIES.items():
        assert policy.value.removeprefix("SecurityPolicy_") == of_cdk.value


def test_the_mapping() -> None:
    """The domain leads to the environment's stage, under the base path."""
    mapping = shared().one(MAPPING)
    assert mapping["BasePath"] == "team"
    assert "Stage" in resolved(mapping["Stage"])
    assert "BasePath" not in plain().one(MAPPING)


def test_the_record() -> None:
    """With a hosted zone the stack creates the record. Without one, an output says where the record must lead."""
    record = shared().one(RECORD)
    assert (record["HostedZoneId"], record["Name"], record["Type"]) == (
        ZONE["hosted_zone_id"],
        "llm.example.com.",
        "A",
    )
    target = record["AliasTarget"]["DNSName"]
    assert target["Fn::GetAtt"][1] == "RegionalDomainName"
    assert not plain().resources(RECORD)
    for stack in (shared(), plain()):
        assert stack.template["Outputs"]["DomainTarget"]["Value"]["Fn::GetAtt"][1] == "RegionalDomainName"


def test_the_default_endpoint() -> None:
    """The API's own address is switched off, unless callers are still being moved."""
    assert shared().one(API)["DisableExecuteApiEndpoint"] is True
    assert "DisableExecuteApiEndpoint" not in plain().one(API)


def test_a_change_is_published() -> None:
    """Without a new deployment API Gateway would go on with the default endpoint and the old TLS policy."""
    assert len({deployment(stack) for stack in (synthesised("dev"), plain(), shared())}) >= 2
    assert deployment(shared()) not in {deployment(synthesised("dev")), deployment(plain())}


def test_the_base_url() -> None:
    """The output, the proof and the errors of the chat function name the domain."""
    expected = "https://llm.example.com/team/openai/v1"
    assert shared().template["Outputs"]["BaseUrl"]["Value"] == expected
    assert ProverSettings.from_env(shared().variables("prover")).gateway.base_url == expected
    assert CustomDomain.from_env(shared().variables("api")) == CustomDomain(expected)
    assert plain().template["Outputs"]["BaseUrl"]["Value"] == "https://llm.example.com/openai/v1"


def test_the_proof_comes_last() -> None:
    """The proof calls the domain, so the mapping and the record exist before."""
    resources = shared().template["Resources"]
    (trigger,) = (one for one in resources.values() if one["Type"] == "Custom::Trigger")
    types = {resources[id_]["Type"] for id_ in trigger["DependsOn"]}
    assert {MAPPING, RECORD} <= types


@pytest.mark.parametrize("base_path", ["team", None])
def test_the_variable_is_a_base_url(base_path: str | None) -> None:
    """The function accepts each base URL that the settings can make."""
    settings: dict[str, Any] = {**DOMAIN} if base_path is None else {**DOMAIN, "base_path": base_path}
    domain = changed("dev", domain=settings).domain
    assert domain is not None
    assert CustomDomain.from_env(CustomDomain(domain.base_url).to_env()) is not None
