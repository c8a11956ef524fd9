"""Sends lines to the jobs queue, and asks for steps of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from resource_items import batch_lines
from resource_items.batch_lines import Line

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html (DelaySeconds)
MAX_DELAY_S = 900
_ATTEMPTS = 3


class LinesNotSentError(Exception):
    """SQS did not take some lines. `code` is its reason for the first one."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class StepQueues(NamedTuple):
    """The queues of jobs and of steps. Methods raise botocore's errors."""

    sqs: SQSClient
    jobs_url: str
    steps_url: str

    def send_lines(self, lines: Sequence[Line], *, client: str) -> None:
        """Sends at most ten lines, which are the client's. Raises LinesNotSentError if one of them was not sent.

        The group lets SQS share the workers fairly between clients:
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
        """
        entries = [_entry(line, client) for line in lines]
        for attempt in range(1, _ATTEMPTS + 1):
            answer = self.sqs.send_message_batch(QueueUrl=self.jobs_url, Entries=entries)
            failed = {failure["Id"]: failure["Code"] for failure in answer.get("Failed", [])}
            entries = [entry for entry in entries if entry["Id"] in failed]
            if not entries:
                return
            if attempt == _ATTEMPTS:
                raise LinesNotSentError(failed[entries[0]["Id"]])

    def ask_for_step(self, batch_id: str, *, client: str, delay_s: int) -> None:
        """Asks for the batch's next step in `delay_s`."""
        self.sqs.send_message(
            QueueUrl=self.steps_url,
            MessageBody=batch_lines.step_message(batch_id),
            DelaySeconds=max(0, min(delay_s, MAX_DELAY_S)),
            MessageGroupId=client,
        )

    def put_back(self, receipt_handle: str, *, delay_s: int) -> None:
        """Lets the message of a step that failed come again in `delay_s`."""
        self.sqs.change_message_visibility(
            QueueUrl=self.steps_url, ReceiptHandle=receipt_handle, VisibilityTimeout=delay_s
        )


def _entry(line: Line, client: str) -> SendMessageBatchRequestEntryTypeDef:
    return {
        "Id": str(line.number),
        "MessageBody": line.message(),
        "MessageGroupId": client,
        "MessageAttributes": {
            batch_lines.MESSAGE_ATTRIBUTE: {"DataType": "String", "StringValue": batch_lines.MARK}
        },
    }
