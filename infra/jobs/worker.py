"""The jobs worker: a function with the jobs queue as its event source."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from chat_gateway.client_policies.settings import ClientsSettings
from chat_gateway.jobs.settings import WorkerSettings
from infra import acknowledgements
from infra.bedrock.api_key_secret import BedrockApiKeySecret
from infra.bedrock.upstream import grant_upstream, upstream_settings
from infra.clients.usage_settings import usage_settings
from infra.functions.gateway_function import GatewayFunction
from infra.functions.live_alias import LiveAlias
from infra.functions.metrics import metrics_settings
from infra.guardrail.enforced_guardrail import EnforcedGuardrail
from infra.jobs import event_source
from infra.jobs.batch_lines import BatchStores
from infra.jobs.queues import JobQueues
from infra.jobs.records_table import JobRecordsTable
from infra.settings import jobs as job_settings
from infra.settings.environment import Environment

_LARGE_RESULTS = "results/*"


class JobWorker(Construct):
    """Works on jobs in batches.

    Its role may read the jobs queue and the Bedrock API key or, without a key, call Bedrock. It may write results, dead
    letters and job records, read clients, and count their usage. It may read the lines of batches, and count them.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        api_key_secret: BedrockApiKeySecret | None,
        guardrail: EnforcedGuardrail | None,
        queues: JobQueues,
        records: JobRecordsTable,
        clients: dynamodb.ITable,
        usage: dynamodb.ITable,
        batches: BatchStores,
    ) -> None:
        super().__init__(scope, id_)
        jobs = environment.jobs
        upstream = upstream_settings(
            environment, api_key_secret, guardrail, total_timeout_s=environment.timeouts.job_s
        )
        worker = GatewayFunction(
            self,
            "Worker",
            environment=environment,
            name="worker",
            module="chat_gateway.jobs.worker",
            requirements="upstream",
            description="Answers jobs from the queue",
            timeout_s=environment.timeouts.worker_function_s,
            memory_mib=jobs.memory_size_mib,
            variables={
                **upstream.to_env(),
                **_settings(environment, queues, records).to_env(),
                **metrics_settings(environment).to_env(),
                **ClientsSettings(clients.table_name).to_env(),
                **usage_settings(environment, usage).to_env(),
                **batches.settings().to_env(),
            },
        )
        grant_upstream(worker.role, environment, api_key_secret, guardrail, streams=False)
        queues.jobs.grant_consume_messages(worker.role)
        queues.results.grant(worker.role, "sqs:SendMessage")
        queues.dead_letters.grant(worker.role, "sqs:SendMessage")
        records.table.grant(worker.role, "dynamodb:UpdateItem")
        clients.grant(worker.role, "dynamodb:GetItem")
        usage.grant(worker.role, "dynamodb:UpdateItem")
        batches.grant(worker.role)
        worker.role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:PutObject"],
                resources=[queues.large_results.arn_for_objects(_LARGE_RESULTS)],
            )
        )
        acknowledgements.objects(
            worker.role,
            queues.large_results,
            _LARGE_RESULTS,
            "Each result is its own object with the job's name.",
        )
        self.live = LiveAlias(worker.function)
        event_source.add(
            self.live,
            queues.jobs,
            batch_size=jobs.batch_size,
            max_concurrency=jobs.max_concurrency,
            window_s=jobs.window_s,
        )
        acknowledgements.queue_source(worker.function)
        self.gateway_function = worker
        self.log_group = worker.log_group


def _settings(environment: Environment, queues: JobQueues, records: JobRecordsTable) -> WorkerSettings:
    jobs = environment.jobs
    return WorkerSettings(
        jobs_queue_url=queues.jobs.queue_url,
        results_queue_url=queues.results.queue_url,
        dead_letter_queue_url=queues.dead_letters.queue_url,
        results_bucket=queues.large_results.bucket_name,
        records_table=records.table.table_name,
        record_kept_s=job_settings.RECORD_KEPT_S,
        width=jobs.width,
        least_time_s=jobs.expected_answer_s,
        ending_s=environment.timeouts.job_ending_s,
        max_attempts=jobs.max_attempts,
        max_receives=environment.job_max_receives,
        give_up_after_s=job_settings.GIVE_UP_AFTER_S,
        retry_delay_s=jobs.retry_delay_s,
        max_retry_delay_s=jobs.max_retry_delay_s,
        senders=tuple(jobs.senders),
        default_client=jobs.default_client,
        record_usage=environment.clients.record_usage,
    )
