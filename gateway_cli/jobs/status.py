"""The number of messages in a queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class Depth:
    """SQS's estimates of a queue's messages: visible, received but not deleted, and delayed.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-resources-required-process-messages.html
    """

    waiting: int
    in_flight: int
    delayed: int


def depth(sqs: SQSClient, queue_url: str) -> Depth:
    """The queue's current depth."""
    attributes = sqs.get_queue_attributes(
        QueueUrl=queue_url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ],
    )["Attributes"]
    return Depth(
        waiting=int(attributes["ApproximateNumberOfMessages"]),
        in_flight=int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        delayed=int(attributes["ApproximateNumberOfMessagesDelayed"]),
    )


def identity(sqs: SQSClient, queue_url: str) -> str:
    """A text that identifies this queue. A deleted queue with the same name has another identity."""
    attributes = sqs.get_queue_attributes(
        QueueUrl=queue_url, AttributeNames=["QueueArn", "CreatedTimestamp"]
    )["Attributes"]
    return f"{attributes['QueueArn']} created {attributes['CreatedTimestamp']}"
