"""How many messages each of the queues holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class Depth:
    """Messages of a queue, as SQS estimates them: to be received, received and hidden, and not yet to be received.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-resources-required-process-messages.html
    """

    waiting: int
    in_flight: int
    delayed: int


def depth(sqs: SQSClient, queue_url: str) -> Depth:
    """The queue's depth just now."""
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
    """What tells this queue from every other, one of the same name that was deleted included."""
    attributes = sqs.get_queue_attributes(
        QueueUrl=queue_url, AttributeNames=["QueueArn", "CreatedTimestamp"]
    )["Attributes"]
    return f"{attributes['QueueArn']} created {attributes['CreatedTimestamp']}"
