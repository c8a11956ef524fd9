"""A stack that does not run."""

from __future__ import annotations

from pathlib import Path

from local.aws import guardrail_policy
from local.machine.paths import StateFolder
from local.stack.local_stack import LocalStack


def made_up_stack(folder: Path) -> LocalStack:
    """A stack whose values look like those of a running one."""
    endpoint = "http://127.0.0.1:4566"
    return LocalStack(
        base_url=f"{endpoint}/restapis/abc123/local/_user_request_/openai/v1",
        api_key="bcg-made-up",
        jobs_queue_url=f"{endpoint}/000000000000/jobs",
        results_queue_url=f"{endpoint}/000000000000/results",
        dead_letter_queue_url=f"{endpoint}/000000000000/dead-letters",
        aws_endpoint_url=endpoint,
        guardrail_identifier="gr-1",
        upstream_url="http://127.0.0.1:8080/openai/v1",
        guardrail_version="1",
        guardrail_policy=guardrail_policy.LOCAL,
        region="us-east-1",
        rest_api_id="abc123",
        stage_name="local",
        chat_log_group="/aws/lambda/chat",
        worker_log_group="/aws/lambda/worker",
        secret_arn="arn:aws:secretsmanager:us-east-1:000000000000:secret:key",
        clients_table="clients",
        bedrock_api_key="bedrock-api-key-made-up",
        standin_url="http://127.0.0.1:8080",
        state=StateFolder(folder),
        processes=(),
    )
