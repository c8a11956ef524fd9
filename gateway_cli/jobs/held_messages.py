"""Received messages, which the queue hides until they are deleted or made visible again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_MAX_MESSAGES = 10
_DELETE_ATTEMPTS = 3


def receive(
    sqs: SQSClient, queue_url: str, *, wait_s: int, hidden_s: int, at_most: int = _MAX_MESSAGES
) -> list[MessageTypeDef]:
    """Up to ten messages with all their attributes. Other receivers do not get them for `hidden_s` seconds."""
    return sqs.receive_message(
        QueueUrl=queue_url,
        MaxNumberOfMessages=min(at_most, _MAX_MESSAGES),
        WaitTimeSeconds=wait_s,
        VisibilityTimeout=hidden_s,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
    ).get("Messages", [])


def delete(sqs: SQSClient, queue_url: str, messages: Sequence[MessageTypeDef]) -> list[MessageTypeDef]:
    """Deletes messages. Returns those that SQS did not delete in three attempts and will deliver again."""
    waiting = {str(position): message for position, message in enumerate(messages)}
    for _ in range(_DELETE_ATTEMPTS):
        if not waiting:
            break
        entries = [{"Id": id_, "ReceiptHandle": held["ReceiptHandle"]} for id_, held in waiting.items()]
        answer = sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)  # type: ignore[arg-type]
        for entry in answer.get("Successful", []):
            del waiting[entry["Id"]]
    return list(waiting.values())


def give_back(sqs: SQSClient, queue_url: str, messages: Sequence[MessageTypeDef]) -> None:
    """Makes messages visible again. If this fails, they become visible later by themselves."""
    try:
        for some in _tens(messages):
            sqs.change_message_visibility_batch(
                QueueUrl=queue_url,
                Entries=[
                    {"Id": str(position), "ReceiptHandle": held["ReceiptHandle"], "VisibilityTimeout": 0}
                    for position, held in enumerate(some)
                ],
            )
    except (BotoCoreError, ClientError):
        return


def _tens(messages: Sequence[MessageTypeDef]) -> Iterator[Sequence[MessageTypeDef]]:
    return (messages[start : start + _MAX_MESSAGES] for start in range(0, len(messages), _MAX_MESSAGES))
