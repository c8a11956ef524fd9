"""How an attempt at a job can end, and what a job that has failed for good says of its last error."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from chat_gateway.core.errors import GatewayError
from chat_gateway.jobs import lines as jobs
from chat_gateway.jobs.lines import JobMessage, Letter

_ERROR_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,128}")


class JobNotBegunError(GatewayError):
    """Bedrock was not asked: the invocation had too little time left, or Bedrock was busy (`cause`)."""

    status: int = HTTPStatus.SERVICE_UNAVAILABLE
    code: str | None = "job_not_begun"

    def __init__(self, cause: GatewayError | None = None) -> None:
        super().__init__("The job was not begun.")
        if cause is not None:
            self.status, self.code = cause.status, cause.code or cause.type


class WorkersDiedError(GatewayError):
    """Every attempt the job is allowed has ended with its worker."""

    code = "workers_died"

    def __init__(self) -> None:
        super().__init__("The workers that began the job did not live to its end.")


class IdempotencyKeyConflictError(GatewayError):
    """The job's key is in use by another job."""

    status = HTTPStatus.CONFLICT
    type = "invalid_request_error"
    code = "idempotency_key_conflict"

    def __init__(self) -> None:
        super().__init__(
            "Another job with this idempotency_key was there before. Send this job under a new key."
        )


@dataclass(frozen=True, slots=True)
class Send:
    """The job has its result line, which is to be sent."""

    line: str


@dataclass(frozen=True, slots=True)
class Retry:
    """The job is to be delivered again after `delay_s`."""

    delay_s: int


@dataclass(frozen=True, slots=True)
class Bury:
    """The job has failed for the last time; this is its dead letter."""

    letter: Letter


@dataclass(frozen=True, slots=True)
class Undecided:
    """Bedrock answered 503, which may be its own state or this job's doing: other answers of the batch will tell.

    `number` is the attempt's, `model` the job's, `failed_at` in monotonic seconds.
    """

    error: GatewayError
    owner: str
    number: int
    model: str
    failed_at: float


Outcome = Send | Retry | Bury | Undecided


def bury(message: JobMessage, error: GatewayError, *, attempts: int | None) -> Bury:
    """The job as it came, with its key and its last error; never the error's message, since Bedrock's may repeat the prompt.

    `attempts`: how many failed by the job's own doing, None where that is not known. Of the attributes there are ten,
    as many as SQS allows:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    """
    attributes = {
        jobs.KEY_ATTRIBUTE: message.key,
        "job_id": jobs.result_id(message.key),
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
    return Bury(Letter(message.body, attributes))


def _iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="seconds")


def _name(text: str) -> str:
    """`text` where it can be a name: error codes are Bedrock's to choose."""
    return text if _ERROR_NAME.fullmatch(text) else "unreadable"
