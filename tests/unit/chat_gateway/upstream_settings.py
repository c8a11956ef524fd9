"""The environment variables of a function that asks Bedrock."""

from __future__ import annotations

UPSTREAM = {
    "BEDROCK_BASE_URL": "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1",
    "UPSTREAM_AUTH": "api_key",
    "BEDROCK_API_KEY_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:key",
    "SECRET_MAX_AGE_S": "300",
    "UPSTREAM_CONNECT_TIMEOUT_S": "3",
    "UPSTREAM_FIRST_BYTE_TIMEOUT_S": "26",
    "UPSTREAM_BETWEEN_BYTES_TIMEOUT_S": "13",
    "UPSTREAM_TOTAL_TIMEOUT_S": "26",
    "MAX_REQUEST_BYTES": "4194304",
    "MAX_RESPONSE_BYTES": "4194304",
    "SEPARATE_REASONING": "true",
}
# With an enforced guardrail, also these.
GUARDRAIL = {
    "GUARDRAIL_IDENTIFIER": "abc",
    "GUARDRAIL_VERSION": "1",
    "GUARDRAIL_OVERRIDE": "denied",
    "GUARDRAIL_TAGGING": "all_text",
}
