"""Settings of a domain and of a VPC that the tests share."""

from __future__ import annotations

from typing import Any

REGION = "eu-west-1"
CERTIFICATE = f"arn:aws:acm:{REGION}:123456789012:certificate/12345678-1234-1234-1234-123456789012"
ZONE = {"hosted_zone_id": "Z0123456789ABC", "hosted_zone_name": "example.com"}
DOMAIN: dict[str, Any] = {"name": "llm.example.com", "certificate_arn": CERTIFICATE}
VPC: dict[str, Any] = {
    "vpc_id": "vpc-0123456789abcdef0",
    "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "availability_zones": ["eu-west-1a", "eu-west-1b"],
    "route_table_ids": ["rtb-0123456789abcdef0"],
}
PRIVATE: dict[str, Any] = {**VPC, "private_api": True, "caller_cidrs": ["10.0.0.0/8"]}
ENDPOINT_ID = "vpce-0123456789abcdef0"
WEB_ACL = f"arn:aws:wafv2:{REGION}:123456789012:regional/webacl/company/12345678-1234-1234-1234-123456789012"
