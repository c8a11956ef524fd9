"""The jobs worker: a function fed from the jobs queue."""

from __future__ import annotations

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra import acknowledgements
from infra.bedrock_api_key import BedrockApiKey
from infra.environments import Environment
from infra.gateway_function import GatewayFunction
from infra.guardrail import EnforcedGuardrail
from infra.job_queues import JobQueues
from infra.upstream import grant_upstream, upstream_variables

_LARGE_RESULTS = "results/*"


class JobWorker(Construct):
    """Works on jobs in batches; may read the Bedrock API key (or ask Bedrock itself), its own queue, and write results."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        api_key: BedrockApiKey | None,
        guardrail: EnforcedGuardrail | None,
        queues: JobQueues,
    ) -> None:
        super().__init__(scope, id_)
        jobs = environment.jobs
        worker = GatewayFunction(
            self,
            "Worker",
            environment=environment,
            module="worker",
            requirements="upstream",
            description="Answers jobs from the queue",
            timeout_s=environment.timeouts.worker_function_s,
            variables={
                **upstream_variables(
                    environment, api_key, guardrail, total_timeout_s=environment.timeouts.job_s
                ),
                "JOBS_QUEUE_URL": queues.jobs.queue_url,
                "RESULTS_QUEUE_URL": queues.results.queue_url,
                "RESULTS_BUCKET": queues.large_results.bucket_name,
                "JOB_RETRY_DELAY_S": str(jobs.retry_delay_s),
                "JOB_MAX_RETRY_DELAY_S": str(jobs.max_retry_delay_s),
            },
        )
        grant_upstream(worker.role, environment, api_key, guardrail, streams=False)
        queues.jobs.grant_consume_messages(worker.role)
        queues.results.grant(worker.role, "sqs:SendMessage")
        worker.role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:PutObject"], resources=[queues.large_results.arn_for_objects(_LARGE_RESULTS)]
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
                max_concurrency=jobs.max_concurrency,
                report_batch_item_failures=True,
            )
        )
        self.gateway_function = worker
        self.log_group = worker.log_group


def _logical_id(bucket: s3.Bucket) -> str:
    return cdk.Stack.of(bucket).get_logical_id(cast(cdk.CfnElement, bucket.node.default_child))
