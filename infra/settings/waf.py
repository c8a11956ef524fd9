"""The web application firewall (AWS WAF) before the API."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from infra.settings.table import Table, matching, require

_WEB_ACL = r"arn:aws[a-z-]*:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/[A-Za-z0-9_-]{1,128}/[a-f0-9-]{36}"
# https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
_LEAST_REQUESTS, _MOST_REQUESTS = 10, 2_000_000_000
_OWN = ("requests_per_5_minutes", "core_rules")


class Waf(Table):
    """A web ACL before the API: one that the stack creates with this rate and these rules, or one of yours."""

    web_acl_arn: (
        Annotated[str, AfterValidator(matching(_WEB_ACL, "must be the ARN of a regional web ACL of WAFv2"))]
        | None
    ) = None
    """A web ACL of yours, in the stack's region. By default, the stack creates one."""
    requests_per_5_minutes: Annotated[int, Field(ge=_LEAST_REQUESTS, le=_MOST_REQUESTS)] = 10_000
    """How many requests one address may send in five minutes. Further requests get a 403."""
    core_rules: bool = True
    """AWS's core rule set. Its rules for bodies only count, because prompts look like attacks."""

    @model_validator(mode="after")
    def _creates_one_or_has_one(self) -> Self:
        for setting in _OWN:
            rule = "cannot be set with web_acl_arn: that web ACL has its own rules"
            require(self.web_acl_arn is None or setting not in self.model_fields_set, setting, rule)
        return self
