"""Settings that can stand together do, once for each kind of caller, and cdk-nag has no finding."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings.problems import InvalidEnvironmentError
from tests.infra.conftest import changed
from tests.infra.everything import COMPANY, DOMAIN, SETTINGS, VPC, everything

# What must not stand together: the settings in place of those above, and the name that the refusal says.
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("iam", {"api": {"key_header": "api-key"}}, "api.key_header"),
    ("iam", {"domain": DOMAIN}, "network.private_api"),
    ("iam", {"account": COMPANY["account"]}, "account.reserved_concurrency.authorizer"),
    ("jwt", {"api": {"key_header": "api-key"}}, "api.key_header"),
    ("jwt", {"network": VPC}, "client_auth"),
    ("jwt", {"proof": {"on_deploy": True}}, "proof.on_deploy"),
    ("keys", {"jwt": {"issuer": "https://issuer.example", "audience": "gateway"}}, "jwt"),
    (
        "keys",
        {"network": None, "upstream": {"url": "https://vpce-1.vpce.amazonaws.com/openai/v1"}},
        "upstream.url",
    ),
]


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
        COMPANY["account"]["kms_key_arn"]
    }
    for role in stack.resources("AWS::IAM::Role").values():
        assert role["PermissionsBoundary"] == COMPANY["account"]["permissions_boundary_arn"]


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
