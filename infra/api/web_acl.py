"""The web ACL of AWS WAF before the API's stage."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.settings.waf import Waf

_CORE_RULES = "AWSManagedRulesCommonRuleSet"
# Prompts hold code, markup, paths and URLs, and are larger than 8 KB. These names are AWS's:
# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
BODY_RULES = (
    "SizeRestrictions_BODY",
    "CrossSiteScripting_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "EC2MetaDataSSRF_BODY",
)
_WINDOW_S = 300
_Rule = wafv2.CfnWebACL.RuleProperty


class ApiWebAcl(Construct):
    """Associates a web ACL with the stage: the operator's own, or one with a rate for each address and AWS's core rules."""

    def __init__(self, scope: Construct, id_: str, *, waf: Waf, stage_arn: str) -> None:
        super().__init__(scope, id_)
        arn = waf.web_acl_arn or self._created(waf).attr_arn
        wafv2.CfnWebACLAssociation(self, "Association", resource_arn=stage_arn, web_acl_arn=arn)

    def _created(self, waf: Waf) -> wafv2.CfnWebACL:
        stack_name = cdk.Stack.of(self).stack_name
        rules = [_rate(waf.requests_per_5_minutes), *([_core_rules()] if waf.core_rules else [])]
        return wafv2.CfnWebACL(
            self,
            "WebAcl",
            scope="REGIONAL",
            description="Requests to the Bedrock chat gateway",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            rules=rules,
            visibility_config=_visibility(stack_name),
        )


def _rate(requests: int) -> _Rule:
    return _Rule(
        name="RateByAddress",
        priority=0,
        action=wafv2.CfnWebACL.RuleActionProperty(block={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP", limit=requests, evaluation_window_sec=_WINDOW_S
            )
        ),
        visibility_config=_visibility("RateByAddress"),
    )


def _core_rules() -> _Rule:
    """AWS's core rules as they are, except that those for bodies count and do not block."""
    count = wafv2.CfnWebACL.RuleActionProperty(count={})
    overrides = [
        wafv2.CfnWebACL.RuleActionOverrideProperty(name=name, action_to_use=count) for name in BODY_RULES
    ]
    return _Rule(
        name="CoreRules",
        priority=1,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS", name=_CORE_RULES, rule_action_overrides=overrides
            )
        ),
        visibility_config=_visibility("CoreRules"),
    )


def _visibility(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    """Metrics, but no samples: a sample has the request's headers, and so the client's key.

    https://docs.aws.amazon.com/waf/latest/APIReference/API_HTTPRequest.html
    """
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
