"""Makes the dead letter of a job: the job's message, with attributes that describe its last error."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

from chat_gateway.core.errors import GatewayError
from chat_gateway.jobs import lines as job_lines
from chat_gateway.jobs.lines import JobMessage, QueueMessage

_ERROR_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,128}")


def dead_letter(message: JobMessage, error: GatewayError, *, attempts: int | None) -> QueueMessage:
    """The unchanged job with its key and last error, but not the error's message: Bedrock's may repeat the prompt.

    `attempts`: the number of failed attempts that count against the job, None if unknown. There are at most ten
    attributes, SQS's limit:
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
    if message.client is not None:
        attributes[job_lines.CLIENT_ATTRIBUTE] = message.client
        del attributes["job_id"]  # it follows from the key, and there is room for ten
    return QueueMessage(message.body, attributes)


def _iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="seconds")


def _name(text: str) -> str:
    """`text` if it can be a name, else a placeholder: Bedrock chooses error codes."""
    return text if _ERROR_NAME.fullmatch(text) else "unreadable"
