"""The jobs worker: a function fed from the jobs queue."""

from __future__ import annotations

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra import acknowledgements, job_settings
from infra.bedrock_api_key import BedrockApiKey
from infra.environments import Environment
from infra.gateway_function import GatewayFunction
from infra.guardrail import EnforcedGuardrail
from infra.job_queues import JobQueues
from infra.job_records import JobRecords
from infra.upstream import grant_upstream, upstream_variables

_LARGE_RESULTS = "results/*"


class JobWorker(Construct):
    """Works on jobs in batches; may read the Bedrock API key (or ask Bedrock itself) and its own queue, and write
    results, dead letters and its records."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        api_key: BedrockApiKey | None,
        guardrail: EnforcedGuardrail | None,
        queues: JobQueues,
        records: JobRecords,
    ) -> None:
        super().__init__(scope, id_)
        jobs = environment.jobs
        worker = GatewayFunction(
            self,
            "Worker",
            environment=environment,
            name="worker",
            module="chat_gateway.jobs.worker",
            requirements="upstream",
            description="Answers jobs from the queue",
            timeout_s=environment.timeouts.worker_function_s,
            memory_mib=jobs.memory_mib,
            variables={
                **upstream_variables(
                    environment, api_key, guardrail, total_timeout_s=environment.timeouts.job_s
                ),
                "JOBS_QUEUE_URL": queues.jobs.queue_url,
                "RESULTS_QUEUE_URL": queues.results.queue_url,
                "DEAD_LETTER_QUEUE_URL": queues.dead_letters.queue_url,
                "RESULTS_BUCKET": queues.large_results.bucket_name,
                "JOB_RECORDS_TABLE": records.table.table_name,
                "JOB_RECORD_KEPT_S": str(job_settings.RECORD_KEPT_S),
                "WORKER_WIDTH": str(jobs.width),
                "JOB_LEAST_TIME_S": str(jobs.expected_answer_s),
                "JOB_ENDING_S": str(environment.timeouts.job_ending_s),
                "JOB_GIVE_UP_AFTER_S": str(job_settings.GIVE_UP_AFTER_S),
                "JOB_MAX_ATTEMPTS": str(jobs.max_attempts),
                "JOB_MAX_RECEIVES": str(environment.job_max_receives),
                "JOB_RETRY_DELAY_S": str(jobs.retry_delay_s),
                "JOB_MAX_RETRY_DELAY_S": str(jobs.max_retry_delay_s),
            },
        )
        grant_upstream(worker.role, environment, api_key, guardrail, streams=False)
        queues.jobs.grant_consume_messages(worker.role)
        queues.results.grant(worker.role, "sqs:SendMessage")
        queues.dead_letters.grant(worker.role, "sqs:SendMessage")
        records.table.grant(worker.role, "dynamodb:UpdateItem")
        worker.role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:PutObject"],
                resources=[queues.large_results.arn_for_objects(_LARGE_RESULTS)],
            )
        )
        acknowledgements.acknowledge(
            worker.role,
            f"AwsSolutions-IAM5[Resource::<{_logical_id(queues.large_results)}.Arn>/{_LARGE_RESULTS}]",
            "Each result is an object of its own, named by its job.",
        )
        worker.function.add_event_source(
            event_sources.SqsEventSource(
                queues.jobs,
                batch_size=jobs.batch_size,
                max_batching_window=cdk.Duration.seconds(jobs.window_s) if jobs.window_s else None,
                max_concurrency=jobs.max_concurrency,
                report_batch_item_failures=True,
            )
        )
        self.gateway_function = worker
        self.log_group = worker.log_group


def _logical_id(bucket: s3.Bucket) -> str:
    return cdk.Stack.of(bucket).get_logical_id(cast(cdk.CfnElement, bucket.node.default_child))
