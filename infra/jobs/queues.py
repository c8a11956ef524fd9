"""The queues and the bucket for jobs and their results."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from chat_gateway.jobs import sqs_limits
from infra import acknowledgements
from infra.removal import removal_policy
from infra.settings import jobs as job_settings
from infra.settings.environment import Environment

_KEPT_FOR = cdk.Duration.days(14)


class JobQueues(Construct):
    """Jobs wait in `jobs`. Results go to `results`, and jobs that failed for the last time to `dead_letters`.

    The worker moves such a job with its last error. If the worker died, SQS moves the job.
    """

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_)
        self.dead_letters = dead_letter_queue(self, environment)
        self.jobs = queue(
            self,
            "Jobs",
            environment,
            retention_period=cdk.Duration.seconds(job_settings.KEPT_S),
            visibility_timeout=cdk.Duration.seconds(environment.job_visibility_s),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=environment.job_max_receives
            ),
        )
        self.results = queue(self, "Results", environment)
        self.large_results = s3.Bucket(
            self,
            "LargeResults",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=_KEPT_FOR)],
            # CloudFormation cannot delete a bucket that holds objects. The lifecycle rule deletes the objects.
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        self._acknowledge()

    def _acknowledge(self) -> None:
        acknowledgements.end_of_the_line(
            self.results, "The caller's program reads results and deletes those that it has stored."
        )
        acknowledgements.acknowledge(
            self.large_results,
            "AwsSolutions-S1",
            "Access logs need a second bucket. Objects are few, live for days and are read with IAM, which CloudTrail logs.",
        )


def dead_letter_queue(scope: Construct, environment: Environment) -> sqs.Queue:
    """A queue for the messages of another queue that failed for the last time."""
    letters = queue(scope, "DeadLetters", environment)
    acknowledgements.end_of_the_line(letters, "These are the dead letters. Operators read them.")
    return letters


def queue(
    scope: Construct,
    id_: str,
    environment: Environment,
    *,
    retention_period: cdk.Duration = _KEPT_FOR,
    visibility_timeout: cdk.Duration | None = None,
    dead_letter_queue: sqs.DeadLetterQueue | None = None,
) -> sqs.Queue:
    """A queue of the gateway. Messages live for 14 days unless `retention_period` says otherwise."""
    return sqs.Queue(
        scope,
        id_,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=retention_period,
        visibility_timeout=visibility_timeout,
        dead_letter_queue=dead_letter_queue,
        max_message_size_bytes=sqs_limits.MAX_MESSAGE_BYTES,
        removal_policy=removal_policy(environment),
    )
