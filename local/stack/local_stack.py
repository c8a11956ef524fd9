"""A running stack, as the demonstration, tests and operators use it."""

from __future__ import annotations

from dataclasses import dataclass

import boto3

from local.aws import sessions
from local.aws.guardrail_policy import GuardrailPolicy
from local.machine.paths import StateFolder
from local.machine.processes import Process


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStack:
    """A running stack: what a caller needs (these are in stack.json), then what tests and operators need."""

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

    def session(self) -> boto3.Session:
        """A new boto3 session that reaches this stack's AWS and no other."""
        return sessions.session(self.aws_endpoint_url)

    def check(self) -> None:
        """Raises ProcessEndedError where one of the processes no longer runs."""
        for process in self.processes:
            process.check()
