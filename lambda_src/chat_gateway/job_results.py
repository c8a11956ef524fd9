"""Delivers job results: to the results queue, or to S3 where a line is larger than SQS carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from chat_gateway.jobs import Result

# 1 MiB: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_MESSAGE_BYTES = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResults:
    """Where results go."""

    sqs: SQSClient
    s3: S3Client
    queue_url: str
    bucket: str

    def deliver(self, result: Result) -> None:
        """Sends the result's line; a line over 1 MiB is stored and one that points to it is sent."""
        line = result.line()
        if len(line) > MAX_MESSAGE_BYTES:
            key = f"results/{result.id}.json"
            self.s3.put_object(
                Bucket=self.bucket, Key=key, Body=line.encode(), ContentType="application/json"
            )
            line = result.line_pointing_to(f"s3://{self.bucket}/{key}")
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=line)
