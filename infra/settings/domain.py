"""The domain name under which callers reach the API."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from infra.settings.table import Table, matching, require

_API_PATH = "/openai/v1"
# API Gateway takes no uppercase letters: https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDomainName.html
# A longer name would take too much of the 4 KB of a function's variables.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = rf"(?=.{{4,128}}$){_LABEL}(?:\.{_LABEL})+"
_NAME_RULE = "must be a domain name in lower case, such as llm.example.com, without https:// and path"
_CERTIFICATE = r"arn:aws[a-z-]*:acm:([a-z0-9-]+):[0-9]{12}:certificate/[A-Za-z0-9-]{1,64}"
_ZONE_ID = r"[A-Z0-9]{1,32}"
_BASE_PATH = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


class SecurityPolicy(StrEnum):
    """The TLS versions and ciphers that the domain takes.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies-list.html
    """

    TLS_1_2 = "TLS_1_2"
    TLS_1_3 = "SecurityPolicy_TLS13_1_3_2025_09"
    TLS_1_3_FIPS = "SecurityPolicy_TLS13_1_3_FIPS_2025_09"
    TLS_1_2_POST_QUANTUM = "SecurityPolicy_TLS13_1_2_PQ_2025_09"
    TLS_1_2_FORWARD_SECRET = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"  # noqa: S105 - the name of a policy

    @property
    def is_enhanced(self) -> bool:
        """Whether the API needs this policy too, and an endpoint access mode."""
        return self is not SecurityPolicy.TLS_1_2


class Domain(Table):
    """A domain name of yours for the API. docs/deploying.md says what you must prepare."""

    name: Annotated[str, AfterValidator(matching(_NAME, _NAME_RULE))]
    """The domain name, such as llm.example.com."""
    certificate_arn: Annotated[
        str, AfterValidator(matching(_CERTIFICATE, "must be the ARN of a certificate in ACM"))
    ]
    """The ARN of the domain's certificate in ACM, in the stack's region."""
    hosted_zone_id: (
        Annotated[str, AfterValidator(matching(_ZONE_ID, "must be the id of a hosted zone"))] | None
    ) = None
    """The Route 53 hosted zone in which the stack creates the domain's record. By default you create the record."""
    hosted_zone_name: Annotated[str, AfterValidator(matching(_NAME, _NAME_RULE))] | None = None
    """The domain of that hosted zone, such as example.com."""
    base_path: (
        Annotated[str, AfterValidator(matching(_BASE_PATH, "must be one part of a path, such as llm"))] | None
    ) = None
    """The first part of the path of all URLs, for a domain that you share with other APIs. By default there is none."""
    security_policy: Annotated[SecurityPolicy, Field(strict=False)] = SecurityPolicy.TLS_1_2
    """The oldest TLS version and the ciphers that the domain takes. A name without 1_3 takes TLS 1.2, too."""
    keep_default_endpoint: bool = False
    """Callers also reach the API at its address under execute-api, for as long as you move them to the domain."""

    @model_validator(mode="after")
    def _zone_has_id_and_name(self) -> Self:
        """Without the name, the CDK would have to look it up in the account."""
        for setting, value, other in (
            ("hosted_zone_name", self.hosted_zone_name, self.hosted_zone_id),
            ("hosted_zone_id", self.hosted_zone_id, self.hosted_zone_name),
        ):
            require(
                value is not None or other is None, setting, "is missing: a hosted zone has an id and a name"
            )
        zone = self.hosted_zone_name
        is_inside = zone is None or self.name == zone or self.name.endswith(f".{zone}")
        require(is_inside, "name", f"must be in the hosted zone, which is {zone}")
        return self

    @property
    def base_url(self) -> str:
        """The base URL for clients, without a final slash."""
        base_path = "" if self.base_path is None else f"/{self.base_path}"
        return f"https://{self.name}{base_path}{_API_PATH}"
