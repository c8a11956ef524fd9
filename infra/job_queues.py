"""The queues and the bucket that jobs and their results pass through."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra import acknowledgements
from infra.environments import Environment
from infra.removal import removal_policy

_KEPT_FOR = cdk.Duration.days(14)


class JobQueues(Construct):
    """Jobs wait in `jobs`; one that fails `max_receives` times moves to `dead_letters`; answers go to `results`."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_)
        self.dead_letters = _queue(self, "DeadLetters", environment)
        self.jobs = _queue(
            self,
            "Jobs",
            environment,
            visibility_timeout=cdk.Duration.seconds(environment.timeouts.visibility_s),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=environment.jobs.max_receives
            ),
        )
        self.results = _queue(self, "Results", environment)
        self.large_results = s3.Bucket(
            self,
            "LargeResults",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=_KEPT_FOR)],
            removal_policy=removal_policy(environment),
        )
        self._acknowledge()

    def _acknowledge(self) -> None:
        acknowledgements.acknowledge(
            self.results,
            "AwsSolutions-SQS3",
            "The caller's own program reads results and deletes what it has kept.",
        )
        acknowledgements.acknowledge(
            self.large_results,
            "AwsSolutions-S1",
            "Access logs need a second bucket; objects are few, short-lived and read with IAM, which CloudTrail sees.",
        )


def _queue(scope: Construct, id_: str, environment: Environment, **properties: object) -> sqs.Queue:
    return sqs.Queue(
        scope,
        id_,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=_KEPT_FOR,
        max_message_size_bytes=1_048_576,
        removal_policy=removal_policy(environment),
        **properties,  # type: ignore[arg-type]
    )
