"""Makes a dead letter of a job that has failed for good: the job, with attributes that tell of its last error."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

from chat_gateway.core.errors import GatewayError
from chat_gateway.jobs import lines as job_lines
from chat_gateway.jobs.lines import JobMessage, QueueMessage

_ERROR_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,128}")


def dead_letter(message: JobMessage, error: GatewayError, *, attempts: int | None) -> QueueMessage:
    """The job as it came, with its key and its last error; never the error's message, since Bedrock's may repeat the prompt.

    `attempts`: how many failed by the job's own doing, None where that is not known. Of the attributes there are ten,
    as many as SQS allows:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    """
    attributes = {
        job_lines.KEY_ATTRIBUTE: message.key,
        "job_id": job_lines.result_id(message.key),
        "last_error_class": type(error).__name__,
        "last_error_code": _name(error.code or error.type),
        "last_error_status": str(int(error.status)),
        "receives": str(message.receives),
        "sent_at": _iso(message.sent_at_s),
        "failed_at": _iso(time.time()),
    }
    if error.bedrock_request_id is not None:
        attributes["bedrock_request_id"] = _name(error.bedrock_request_id)
    if attempts is not None:
        attributes["attempts"] = str(attempts)
    return QueueMessage(message.body, attributes)


def _iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="seconds")


def _name(text: str) -> str:
    """`text` where it can be a name: error codes are Bedrock's to choose."""
    return text if _ERROR_NAME.fullmatch(text) else "unreadable"
