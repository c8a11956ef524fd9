"""The settings of the functions that prove the guardrail, read from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from client_keys.key import BEARER_HEADER, HEADER_VARIABLE
from guardrail_proof.plan import Plan

# The stack's own guardrail blocks this word, which is unlikely in normal prompts.
CANARY_WORD = "guardrail-canary-blocked"
MODEL = "openai.gpt-oss-20b-1:0"

# How callers show who they are: the environment's `client_auth`.
KEYS, IAM, JWT = "keys", "iam", "jwt"

_STACK_ID = "STACK_ID"
_PROVEN = "PROVEN"
_PLAN = "PROOF_PLAN"
_VARIABLES = {
    "base_url": "BASE_URL",
    "clients_table": "CLIENTS_TABLE",
    "jobs_queue_url": "JOBS_QUEUE_URL",
    "job_records_table": "JOB_RECORDS_TABLE",
    "model": "PROOF_MODEL",
    "canary": "PROOF_CANARY",
    "bedrock_base_url": "BEDROCK_BASE_URL",
}
_OF_VERSIONS = {
    "stack_id": _STACK_ID,
    "chat": "CHAT_VERSION",
    "worker": "WORKER_VERSION",
    "model": "PROOF_MODEL",
}
_OPTIONAL_OF_VERSIONS = {
    "canary": "PROOF_CANARY",
    "tagging": "PROOF_TAGGING",
    "converse_model": "PROOF_CONVERSE_MODEL",
}
_OPTIONAL = {
    "tagging": "PROOF_TAGGING",
    "attack": "PROOF_ATTACK",
    "converse_model": "PROOF_CONVERSE_MODEL",
    "secret_arn": "BEDROCK_API_KEY_SECRET_ARN",
    "client_auth": "CLIENT_AUTH",
    "role_arn": "UPSTREAM_ROLE_ARN",
    "role_external_id": "UPSTREAM_ROLE_EXTERNAL_ID",
}


class Gateway(NamedTuple):
    """Where a deployed gateway is, and what to ask it. `base_url` ends in /openai/v1, without a trailing slash."""

    base_url: str
    clients_table: str
    jobs_queue_url: str
    job_records_table: str
    model: str
    canary: str
    tagging: str | None = None  # the environment's `tagging` setting
    attack: str | None = None  # a prompt that its prompt-attack filter must block
    converse_model: str | None = None  # a model that Bedrock's Converse serves; None: that route is not tried
    bedrock_base_url: str | None = None  # ends in /openai/v1; None if unknown
    secret_arn: str | None = None  # of the Bedrock API key; None if requests are signed
    plan: Plan | None = None  # None if the environment has no model names
    key_header: str = BEARER_HEADER  # in which clients send their keys
    client_auth: str | None = None  # IAM or JWT; None: KEYS
    role_arn: str | None = None  # which calls Bedrock; None: the function's own role, or the API key
    role_external_id: str | None = None  # which that role's trust policy asks for


class ProverSettings(NamedTuple):
    """The settings of the deployment's step."""

    stack_id: str
    gateway: Gateway
    proven: str  # changes with the proven configuration, so that CloudFormation runs the step again

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> ProverSettings:
        """Reads the settings. Raises KeyError that names the missing variable, and ValueError for a wrong plan."""
        gateway = Gateway(
            **{field: env[name] for field, name in _VARIABLES.items()},
            **{field: env[name] for field, name in _OPTIONAL.items() if name in env},
            plan=Plan.from_text(env[_PLAN]) if _PLAN in env else None,
            key_header=env.get(HEADER_VARIABLE, BEARER_HEADER),
        )
        return cls(stack_id=env[_STACK_ID], gateway=gateway, proven=env[_PROVEN])

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets. Values are not checked, because they may be CDK tokens."""
        values = {name: getattr(self.gateway, field) for field, name in (_VARIABLES | _OPTIONAL).items()}
        given = {name: str(value) for name, value in values.items() if value is not None}
        if self.gateway.plan is not None:
            given[_PLAN] = self.gateway.plan.to_text()
        if self.gateway.key_header != BEARER_HEADER:
            given[HEADER_VARIABLE] = self.gateway.key_header
        return {_STACK_ID: self.stack_id, **given, _PROVEN: self.proven}


class NewVersions(NamedTuple):
    """The versions that a gradual deployment tries before traffic reaches them, and what to ask them."""

    stack_id: str
    chat: str  # the ARN of the chat function's version
    worker: str  # the ARN of the worker's version
    model: str
    canary: str | None = None  # None if the environment enforces no guardrail
    tagging: str | None = None  # the environment's `tagging` setting
    converse_model: str | None = None  # a model that Bedrock's Converse serves; None: that route is not tried

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> NewVersions:
        """Reads the settings. Raises KeyError that names the missing variable."""
        return cls(
            **{field: env[name] for field, name in _OF_VERSIONS.items()},
            **{field: env[name] for field, name in _OPTIONAL_OF_VERSIONS.items() if name in env},
        )

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets. Values are not checked, because they may be CDK tokens."""
        values = {
            name: getattr(self, field) for field, name in (_OF_VERSIONS | _OPTIONAL_OF_VERSIONS).items()
        }
        return {name: value for name, value in values.items() if value is not None}
