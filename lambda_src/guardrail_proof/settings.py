"""What a deployment says of itself to the proof, read from environment variables once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

# What a guardrail of the stack's own blocks: a word that nobody writes by chance.
CANARY_WORD = "guardrail-canary-blocked"
MODEL = "openai.gpt-oss-20b-1:0"

_STACK_ID = "STACK_ID"
_PROVEN = "PROVEN"
_VARIABLES = {
    "base_url": "BASE_URL",
    "clients_table": "CLIENTS_TABLE",
    "jobs_queue_url": "JOBS_QUEUE_URL",
    "job_records_table": "JOB_RECORDS_TABLE",
    "model": "PROOF_MODEL",
    "canary": "PROOF_CANARY",
    "bedrock_base_url": "BEDROCK_BASE_URL",
}
_OPTIONAL = {
    "tagging": "PROOF_TAGGING",
    "attack": "PROOF_ATTACK",
    "secret_arn": "BEDROCK_API_KEY_SECRET_ARN",
}


class Gateway(NamedTuple):
    """Where a deployed gateway is, and what to ask it. `base_url` ends in /openai/v1, no trailing slash."""

    base_url: str
    clients_table: str
    jobs_queue_url: str
    job_records_table: str
    model: str
    canary: str
    tagging: str | None = None  # what the environment says of input tags
    attack: str | None = None  # a prompt that its prompt-attack filter must block
    bedrock_base_url: str | None = None  # ends in /openai/v1; None where the stack does not tell
    secret_arn: str | None = None  # of the Bedrock API key; None where requests are signed


class ProverSettings(NamedTuple):
    """What the step of a deployment proves."""

    stack_id: str
    gateway: Gateway
    proven: str  # differs where what is proven does, so that CloudFormation runs the step again

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> ProverSettings:
        """Raises KeyError naming the variable that is missing."""
        gateway = Gateway(
            **{field: env[name] for field, name in _VARIABLES.items()},
            **{field: env[name] for field, name in _OPTIONAL.items() if name in env},
        )
        return cls(stack_id=env[_STACK_ID], gateway=gateway, proven=env[_PROVEN])

    def to_env(self) -> dict[str, str]:
        """The variables that the stack sets; nothing is checked, because values may be tokens of the CDK's."""
        values = {name: getattr(self.gateway, field) for field, name in (_VARIABLES | _OPTIONAL).items()}
        given = {name: str(value) for name, value in values.items() if value is not None}
        return {_STACK_ID: self.stack_id, **given, _PROVEN: self.proven}
