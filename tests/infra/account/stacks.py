"""The stacks with the rules of an account."""

from __future__ import annotations

from functools import cache

from tests.infra.conftest import Synthesised, changed, stack_of

REGION = "eu-central-1"
KEY = f"arn:aws:kms:{REGION}:111122223333:key/11111111-2222-3333-4444-555555555555"
BOUNDARY = "arn:aws:iam::111122223333:policy/company/boundary"
RESERVED = {
    "authorizer": 400,
    "resources": 20,
    "worker": 50,
    "batch_steps": 10,
    "key_rotation": 1,
    "prover": 1,
    "pre_traffic": 2,
    "cdk_provider": 1,
}


@cache
def ruled() -> Synthesised:
    """`prod` with every rule, and with every function that the stack can have."""
    environment = changed(
        "prod",
        region=REGION,
        monitoring={"metrics": True, "alarms": True, "alarm_emails": ["on-call@example.com"]},
        deployment={"gradual": True},
        proof={"on_deploy": True},
        upstream={"key_rotation": {"user": "bedrock-gateway-prod", "every_days": 60}},
        chat_function={"reserved_concurrent_executions": 300},
        logs={"access_log_fields": ["source_ip", "user_agent"]},
        account={
            "permissions_boundary_arn": BOUNDARY,
            "kms_key_arn": KEY,
            "manage_api_gateway_log_role": True,
            "tags": {"cost-center": "4711", "Environment": "production"},
            "reserved_concurrency": RESERVED,
        },
    )
    return stack_of(environment)
