"""An environment for each kind of caller, with all settings that can stand together."""

from __future__ import annotations

from functools import cache
from typing import Any

from tests.infra.conftest import Synthesised, changed, stack_of

REGION, ACCOUNT, OTHER_ACCOUNT = "us-east-1", "111122223333", "444455556666"
COMPANY: dict[str, Any] = {
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
_WITHOUT_AUTHORIZER: dict[str, Any] = {
    **COMPANY["account"],
    "reserved_concurrency": {"resources": 20, "worker": 10, "batch_steps": 10, "prover": 1},
}
VPC: dict[str, Any] = {
    "vpc_id": "vpc-0123456789abcdef0",
    "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "availability_zones": ["us-east-1a", "us-east-1b"],
    "route_table_ids": ["rtb-0123456789abcdef0"],
}
DOMAIN = {
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
        **COMPANY,
        "api": {**_PAGES, "key_header": "api-key"},
        "domain": DOMAIN,
        "network": VPC,
        "upstream": {"key_rotation": {"user": "bedrock-key-user"}},
        "proof": {"on_deploy": True},
    },
    "iam": {
        **COMPANY,
        "account": _WITHOUT_AUTHORIZER,
        "client_auth": "iam",
        "api": _PAGES,
        "network": {
            **VPC,
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
        **COMPANY,
        "client_auth": "jwt",
        "jwt": {"issuer": "https://issuer.example", "audience": "gateway", "client_claim": "client_id"},
        "api": _PAGES,
        "domain": DOMAIN,
        "network": {**VPC, "internet_access": True},
        "upstream": {"auth": "sigv4"},
    },
}


@cache
def everything(client_auth: str) -> Synthesised:
    """The stack of the environment for these callers."""
    return stack_of(changed("prod", **SETTINGS[client_auth]))
