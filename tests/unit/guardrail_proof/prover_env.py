"""The environment variables of the function that proves the guardrail."""

from __future__ import annotations

ENV = {
    "STACK_ID": "arn:aws:cloudformation:us-east-1:123456789012:stack/gateway/1",
    "BASE_URL": "https://gateway.test/openai/v1",
    "CLIENTS_TABLE": "clients",
    "JOBS_QUEUE_URL": "jobs",
    "JOB_RECORDS_TABLE": "records",
    "PROOF_MODEL": "m",
    "PROOF_CANARY": "canary",
    "BEDROCK_BASE_URL": "https://bedrock.test/openai/v1",
    "PROVEN": "a hash",
}
