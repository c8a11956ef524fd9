"""A web ACL stands before the API if the settings ask for it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from infra import emulator
from infra.api.web_acl import BODY_RULES
from infra.settings.problems import InvalidEnvironmentError
from tests.infra.conftest import Synthesised, changed, resolved, stack_of
from tests.infra.network_settings import REGION, WEB_ACL

ACL, ASSOCIATION = "AWS::WAFv2::WebACL", "AWS::WAFv2::WebACLAssociation"


@cache
def guarded() -> Synthesised:
    """`dev` with a web ACL of the stack's. Synthesis fails if cdk-nag has a finding."""
    return stack_of(changed("dev", waf={"requests_per_5_minutes": 600}))


def rules() -> dict[str, dict[str, Any]]:
    """The rules of the web ACL, by name."""
    return {rule["Name"]: rule for rule in guarded().one(ACL)["Rules"]}


def test_without_the_setting(stack: Synthesised) -> None:
    """No environment has a web ACL by itself."""
    assert not stack.resources(ACL)
    assert not stack.resources(ASSOCIATION)


def test_the_association() -> None:
    """The web ACL is that of the API's stage, and lets pass what no rule blocks."""
    association = guarded().one(ASSOCIATION)
    (acl_id,) = guarded().resources(ACL)
    assert association["WebACLArn"] == {"Fn::GetAtt": [acl_id, "Arn"]}
    (stage_id,) = guarded().resources("AWS::ApiGateway::Stage")
    assert resolved(association["ResourceArn"]).endswith(f"/stages/{stage_id}")
    assert guarded().one(ACL)["DefaultAction"] == {"Allow": {}}
    assert guarded().one(ACL)["Scope"] == "REGIONAL"


def test_the_rate() -> None:
    """One address may send so many requests in five minutes."""
    rate = rules()["RateByAddress"]
    assert rate["Action"] == {"Block": {}}
    assert rate["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "EvaluationWindowSec": 300,
        "Limit": 600,
    }


def test_body_rules_only_count() -> None:
    """AWS's core rules block, except those that read bodies: a prompt with code or a URL is no attack."""
    core = rules()["CoreRules"]
    group = core["Statement"]["ManagedRuleGroupStatement"]
    assert (group["VendorName"], group["Name"]) == ("AWS", "AWSManagedRulesCommonRuleSet")
    assert core["OverrideAction"] == {"None": {}}
    overrides = {one["Name"]: one["ActionToUse"] for one in group["RuleActionOverrides"]}
    assert overrides == {name: {"Count": {}} for name in BODY_RULES}
    assert all(name.endswith("_BODY") for name in overrides)


def test_no_samples() -> None:
    """WAF keeps no samples of requests, because they have the client's key."""
    acl = guarded().one(ACL)
    for part in (acl, *acl["Rules"]):
        assert part["VisibilityConfig"]["SampledRequestsEnabled"] is False


def test_without_core_rules() -> None:
    """The core rules can be left out."""
    stack = stack_of(changed("dev", waf={"core_rules": False}))
    assert [rule["Name"] for rule in stack.one(ACL)["Rules"]] == ["RateByAddress"]


def test_the_operators_own() -> None:
    """A web ACL that exists is associated, and none is created."""
    stack = stack_of(changed("dev", region=REGION, waf={"web_acl_arn": WEB_ACL}))
    assert not stack.resources(ACL)
    assert stack.one(ASSOCIATION)["WebACLArn"] == WEB_ACL


def test_the_refusal_is_openai_shaped() -> None:
    """A request that WAF blocks gets 403 in OpenAI's shape."""
    (response,) = (
        one
        for one in guarded().resources("AWS::ApiGateway::GatewayResponse").values()
        if one["ResponseType"] == "WAF_FILTERED"
    )
    assert response["StatusCode"] == "403"
    body = json.loads(response["ResponseTemplates"]["application/json"])
    assert body["error"]["code"] == "request_blocked"


def test_not_on_the_emulator() -> None:
    """The emulator associates no web ACL, so `local` refuses the setting."""
    with pytest.raises(InvalidEnvironmentError, match="waf must not be set"):
        emulator.check({"waf": {}})
