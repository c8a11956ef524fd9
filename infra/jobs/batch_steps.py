"""The steps of batches: a queue that says which batch is next, and the function that runs the step."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from batch_steps.settings import StepSettings
from chat_gateway.client_policies.settings import ClientsSettings
from infra import acknowledgements
from infra.functions.gateway_function import GatewayFunction
from infra.functions.live_alias import LiveAlias
from infra.jobs import event_source
from infra.jobs import queues as job_queues
from infra.jobs.queues import JobQueues
from infra.jobs.records_table import JobRecordsTable
from infra.settings import memory_sizes
from infra.settings.batches import MAX_STEPS_AT_ONCE
from infra.settings.environment import Environment
from resource_items import batch_state, file_item

# A step that is killed begins again when its time is up. A longer step stops by itself, and goes on in the next one.
_TIMEOUT_S = 120
# Between the receipt of a message and the start of the function's timeout; clocks may differ.
_HANDOVER_S = 10
# A batch is given up after this many failures in a row of one step, which are hours.
_MAX_ATTEMPTS = 100
# SQS's maximum, since a message also comes again while another step has the batch:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
_MAX_RECEIVES = 1000
_FILES = f"{file_item.OBJECTS}*"
_BATCHES = f"{batch_state.OBJECTS}*"
_HELD = f"{batch_state.HELD_OBJECTS}*"
_RESULTS = "results/*"


class BatchSteps(Construct):
    """Checks, splits and watches batches, and writes their files.

    Its role may read clients, job records and large results, read and write batches and files, and send jobs. It may not use
    Bedrock.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        queues: JobQueues,
        records: JobRecordsTable,
        clients: dynamodb.ITable,
        resources: dynamodb.ITable,
        files: s3.Bucket,
    ) -> None:
        super().__init__(scope, id_)
        self.dead_letters = job_queues.dead_letter_queue(self, environment)
        self.queue = _steps_queue(self, environment, self.dead_letters)
        steps = GatewayFunction(
            self,
            "Steps",
            environment=environment,
            name="batch-steps",
            module="batch_steps.handler",
            requirements="upstream",
            description="Runs the steps of batches",
            timeout_s=_TIMEOUT_S,
            memory_mib=memory_sizes.BATCH_STEPS_MIB,
            variables={
                **self._settings(environment, queues, records, resources, files).to_env(),
                **ClientsSettings(clients.table_name).to_env(),
            },
        )
        self.queue.grant_consume_messages(steps.role)
        self.queue.grant(steps.role, "sqs:SendMessage")
        queues.jobs.grant(steps.role, "sqs:SendMessage")
        records.table.grant(steps.role, "dynamodb:BatchGetItem")
        clients.grant(steps.role, "dynamodb:GetItem")
        resources.grant(
            steps.role, "dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"
        )
        _grant_objects(steps.role, files, queues.large_results)
        event_source.add(
            LiveAlias(steps.function), self.queue, batch_size=1, max_concurrency=MAX_STEPS_AT_ONCE
        )
        acknowledgements.queue_source(steps.function)
        self.log_group = steps.log_group

    def _settings(
        self,
        environment: Environment,
        queues: JobQueues,
        records: JobRecordsTable,
        resources: dynamodb.ITable,
        files: s3.Bucket,
    ) -> StepSettings:
        return StepSettings(
            resources_table=resources.table_name,
            files_bucket=files.bucket_name,
            records_table=records.table.table_name,
            results_bucket=queues.large_results.bucket_name,
            jobs_queue_url=queues.jobs.queue_url,
            steps_queue_url=self.queue.queue_url,
            max_lines=environment.batches.max_lines,
            max_input_bytes=environment.batches.max_input_bytes,
            max_line_bytes=environment.api.max_request_bytes,
            requests_per_minute=environment.jobs.requests_per_minute,
            max_attempts=_MAX_ATTEMPTS,
        )


def _steps_queue(scope: Construct, environment: Environment, dead_letters: sqs.Queue) -> sqs.Queue:
    return job_queues.queue(
        scope,
        "Queue",
        environment,
        visibility_timeout=cdk.Duration.seconds(_TIMEOUT_S + _HANDOVER_S),
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=_MAX_RECEIVES),
    )


def _grant_objects(role: iam.Role, files: s3.Bucket, results: s3.Bucket) -> None:
    """Lets the role read large results, and read and write files, indexes and lists of errors."""
    own = [files.arn_for_objects(pattern) for pattern in (_FILES, _BATCHES, _HELD)]
    role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject", "s3:PutObject"], resources=own))
    # Only files are written in parts.
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["s3:ListMultipartUploadParts"], resources=[files.arn_for_objects(_FILES)]
        )
    )
    role.add_to_policy(
        iam.PolicyStatement(actions=["s3:GetObject"], resources=[results.arn_for_objects(_RESULTS)])
    )
    # Without this, S3 answers 403 instead of 404 for an object that is gone:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    role.add_to_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[files.bucket_arn]))
    for bucket, pattern in ((files, _FILES), (files, _BATCHES), (files, _HELD), (results, _RESULTS)):
        acknowledgements.objects(
            role, bucket, pattern, "The names of objects have the ids of files, batches and lines."
        )
