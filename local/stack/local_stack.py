"""The URLs, names and keys of a running stack."""

from __future__ import annotations

from dataclasses import dataclass

import boto3

from client_keys.key import BEARER_HEADER
from local.aws import sessions
from local.aws.guardrail_policy import GuardrailPolicy
from local.machine.paths import StateFolder
from local.machine.processes import Process


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStack:
    """A running stack. The first fields are for callers and are in stack.json; the others are for tests and operators."""

    base_url: str
    api_key: str
    jobs_queue_url: str
    results_queue_url: str
    dead_letter_queue_url: str
    aws_endpoint_url: str
    guardrail_identifier: str
    upstream_url: str
    guardrail_version: str
    guardrail_policy: GuardrailPolicy
    region: str
    rest_api_id: str
    stage_name: str
    chat_log_group: str
    worker_log_group: str
    secret_arn: str
    clients_table: str
    bedrock_api_key: str
    standin_url: str
    state: StateFolder
    processes: tuple[Process, ...]
    key_header: str = BEARER_HEADER  # in which clients send their keys

    def session(self) -> boto3.Session:
        """A new boto3 session that reaches only this stack's AWS."""
        return sessions.session(self.aws_endpoint_url)

    def check(self) -> None:
        """Raises ProcessEndedError if one of the processes has ended."""
        for process in self.processes:
            process.check()
