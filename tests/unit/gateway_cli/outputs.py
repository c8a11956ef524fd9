"""The outputs of a deployed stack."""

from __future__ import annotations

from gateway_cli.stack_outputs import StackOutputs
from tests.unit import clients_table, usage_table

OUTPUTS = StackOutputs(
    base_url="https://api.test/dev/openai/v1",
    rest_api_id="abc",
    stage_name="dev",
    secret_arn="bedrock-key",
    clients_table=clients_table.TABLE,
    usage_table=usage_table.TABLE,
    jobs_queue_url="jobs",
    results_queue_url="results",
    dead_letter_queue_url="dead",
    job_records_table="job-records",
    large_results_bucket="large-results",
    chat_log_group="",
    worker_log_group="",
)
