"""The outcomes of an attempt at a job."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from chat_gateway.core.errors import GatewayError
from chat_gateway.jobs.lines import QueueMessage


class JobNotBegunError(GatewayError):
    """The job was not started: too little time was left, or Bedrock or the client's limits refused another job (`cause`)."""

    status: int = HTTPStatus.SERVICE_UNAVAILABLE
    code: str | None = "job_not_begun"

    def __init__(self, cause: GatewayError | None = None) -> None:
        super().__init__("The job was not started.")
        if cause is not None:
            self.status, self.code = cause.status, cause.code or cause.type


class WorkersDiedError(GatewayError):
    """The workers that ran the job, or the child process that rehearsed it, died."""

    code = "workers_died"

    def __init__(self) -> None:
        super().__init__("The worker processes that ran this job died.")


class IdempotencyKeyConflictError(GatewayError):
    """Another job uses this job's key."""

    status = HTTPStatus.CONFLICT
    type = "invalid_request_error"
    code = "idempotency_key_conflict"

    def __init__(self) -> None:
        super().__init__("Another job already uses this idempotency_key. Send this job with a new key.")


class InputFileMissingError(GatewayError):
    """The input file of the line's batch was deleted, so that the line cannot be run."""

    status = HTTPStatus.GONE
    type = "invalid_request_error"
    code = "input_file_missing"

    def __init__(self) -> None:
        super().__init__("The batch's input file was deleted before this line was run.")


class NotRunError(Exception):
    """A line of a batch is not run now. `reason` is for the log; `fault`: the exception that prevents it, None if there is none.

    `comes_again`: the line is put back; otherwise its message is deleted.
    """

    def __init__(self, reason: str, *, comes_again: bool, fault: Exception | None = None) -> None:
        super().__init__(reason)
        self.reason, self.comes_again, self.fault = reason, comes_again, fault


@dataclass(frozen=True, slots=True)
class Send:
    """Send the job's result line."""

    line: str


@dataclass(frozen=True, slots=True)
class Redeliver:
    """Deliver the job again after `delay_s`."""

    delay_s: int


@dataclass(frozen=True, slots=True)
class Bury:
    """Send the job's dead letter: the job has failed for good."""

    letter: QueueMessage


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do: the job's message is deleted."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """Bedrock answered 503: Bedrock is busy, or this job causes it. Other answers in the batch decide.

    `number` is the attempt's number, `failed_at` is in monotonic seconds.
    """

    error: GatewayError
    owner: str
    number: int
    model: str
    failed_at: float


JobOutcome = Send | Redeliver | Bury | Done | Undecided
