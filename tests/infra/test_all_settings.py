"""Settings that can stand together do, once for each kind of caller, and cdk-nag has no finding."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from infra.settings.problems import InvalidEnvironmentError
from tests.infra.conftest import Synthesised, changed, stack_of

REGION, ACCOUNT, OTHER_ACCOUNT = "us-east-1", "111122223333", "444455556666"
_COMPANY: dict[str, Any] = {
    "region": REGION,
    "account": {
        "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/company-boundary",
        "bootstrap_qualifier": "team1",
        "kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555",
        "manage_api_gateway_log_role": True,
        "tags": {"cost-center": "4711"},
        "reserved_concurrency": {"authorizer": 100, "resources": 20, "worker": 10, "batch_steps": 10},
    },
    "logs": {"access_log_fields": ["source_ip", "user_agent", "domain_name", "waf_response_code"]},
    "monitoring": {
        "metrics": True,
        "alarms": True,
        "dashboard": True,
        "tracing": True,
        "lambda_concurrency_quota": 3000,
    },
    "deployment": {"gradual": True},
    "waf": {"requests_per_5_minutes": 2000},
    "clients": {"record_usage": True},
    "models": [{"name": "fast", "targets": [{"model": "openai.gpt-oss-20b-1:0"}]}],
}
_VPC: dict[str, Any] = {
    "vpc_id": "vpc-0123456789abcdef0",
    "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "availability_zones": ["us-east-1a", "us-east-1b"],
    "route_table_ids": ["rtb-0123456789abcdef0"],
}
_DOMAIN = {
    "name": "llm.example.com",
    "certificate_arn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/11111111-2222-3333-4444-555555555555",
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
    "hosted_zone_name": "example.com",
    "base_path": "ai",
    "security_policy": "SecurityPolicy_TLS13_1_3_2025_09",
}
_PAGES = {"cors_origins": ["https://app.example", "https://other.example"], "deployment_paths": True}
SETTINGS: dict[str, dict[str, Any]] = {
    "keys": {
        **_COMPANY,
        "api": {**_PAGES, "key_header": "api-key"},
        "domain": _DOMAIN,
        "network": _VPC,
        "upstream": {"key_rotation": {"user": "bedrock-key-user"}},
        "proof": {"on_deploy": True},
    },
    "iam": {
        **_COMPANY,
        "client_auth": "iam",
        "api": _PAGES,
        "network": {
            **_VPC,
            "private_api": True,
            "caller_cidrs": ["10.0.0.0/16"],
            "s3_interface_endpoint": True,
        },
        "upstream": {
            "auth": "sigv4",
            "role_arn": f"arn:aws:iam::{OTHER_ACCOUNT}:role/bedrock-caller",
            "role_external_id": "gateway",
        },
        "guardrail": {
            "kind": "existing",
            "identifier": f"arn:aws:bedrock:{REGION}:{OTHER_ACCOUNT}:guardrail/abc123",
            "version": "1",
        },
        "proof": {"on_deploy": True},
    },
    "jwt": {
        **_COMPANY,
        "client_auth": "jwt",
        "jwt": {"issuer": "https://issuer.example", "audience": "gateway", "client_claim": "client_id"},
        "api": _PAGES,
        "domain": _DOMAIN,
        "network": {**_VPC, "internet_access": True},
        "upstream": {"auth": "sigv4"},
    },
}
# What must not stand together: the settings in place of those above, and the name that the refusal says.
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("iam", {"api": {"key_header": "api-key"}}, "api.key_header"),
    ("iam", {"domain": _DOMAIN}, "network.private_api"),
    ("jwt", {"api": {"key_header": "api-key"}}, "api.key_header"),
    ("jwt", {"network": _VPC}, "client_auth"),
    ("jwt", {"proof": {"on_deploy": True}}, "proof.on_deploy"),
    ("keys", {"jwt": {"issuer": "https://issuer.example", "audience": "gateway"}}, "jwt"),
    (
        "keys",
        {"network": None, "upstream": {"url": "https://vpce-1.vpce.amazonaws.com/openai/v1"}},
        "upstream.url",
    ),
]


@cache
def everything(client_auth: str) -> Synthesised:
    return stack_of(changed("prod", **SETTINGS[client_auth]))


@pytest.mark.parametrize("client_auth", SETTINGS)
def test_everything_together(client_auth: str) -> None:
    """With all that can stand together, the stack synthesises, both packs pass, and each setting has its resource."""
    stack = everything(client_auth)
    present = {resource["Type"] for resource in stack.template["Resources"].values()}
    wanted = {"AWS::WAFv2::WebACL", "AWS::EC2::VPCEndpoint", "AWS::CodeDeploy::DeploymentGroup"}
    assert present >= wanted | {"AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard"}
    assert ("AWS::ApiGateway::DomainName" in present) is (client_auth != "iam")
    assert ("AWS::ApiGateway::Authorizer" in present) is (client_auth != "iam")
    assert {queue["KmsMasterKeyId"] for queue in stack.resources("AWS::SQS::Queue").values()} == {
        _COMPANY["account"]["kms_key_arn"]
    }
    for role in stack.resources("AWS::IAM::Role").values():
        assert role["PermissionsBoundary"] == _COMPANY["account"]["permissions_boundary_arn"]


@pytest.mark.parametrize("client_auth", SETTINGS)
def test_every_caller_is_known(client_auth: str) -> None:
    """No method but the preflights answers callers without a key, a signature or a token."""
    types = {"keys": "CUSTOM", "iam": "AWS_IAM", "jwt": "CUSTOM"}
    methods = everything(client_auth).resources("AWS::ApiGateway::Method").values()
    kinds = {(method["HttpMethod"] == "OPTIONS", method["AuthorizationType"]) for method in methods}
    assert kinds == {(True, "NONE"), (False, types[client_auth])}


@pytest.mark.parametrize(("client_auth", "settings", "named"), REFUSED)
def test_what_cannot_stand_together(client_auth: str, settings: dict[str, Any], named: str) -> None:
    """Settings that contradict each other are refused, by the name of one of them."""
    given = {key: value for key, value in {**SETTINGS[client_auth], **settings}.items() if value is not None}
    with pytest.raises(InvalidEnvironmentError, match=rf"\b{named}\b"):
        changed("prod", **given)
