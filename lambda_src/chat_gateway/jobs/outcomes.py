"""How an attempt at a job can end."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from chat_gateway.core.errors import GatewayError
from chat_gateway.jobs.lines import QueueMessage


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
class Redeliver:
    """The job is to be delivered again after `delay_s`."""

    delay_s: int


@dataclass(frozen=True, slots=True)
class Bury:
    """The job has failed for the last time; this is its dead letter."""

    letter: QueueMessage


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


JobOutcome = Send | Redeliver | Bury | Undecided
