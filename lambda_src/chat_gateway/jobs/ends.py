"""How a job ends: its answer is stored and sent to the results queue, or it becomes a dead letter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chat_gateway.jobs import lines as job_lines
from chat_gateway.jobs.dead_letter import dead_letter
from chat_gateway.jobs.outcomes import Bury, Send

if TYPE_CHECKING:
    from chat_gateway.core.errors import GatewayError
    from chat_gateway.jobs.lines import JobMessage, KeptLine, Result
    from chat_gateway.jobs.outcomes import JobOutcome
    from chat_gateway.jobs.records import JobRecords
    from chat_gateway.jobs.results import JobResults
    from chat_gateway.service.request_log import RequestLog


class JobEnds(Protocol):
    """The ends of one kind of job."""

    def error_result(self, message: JobMessage, error: GatewayError) -> Result:
        """The result of a job that failed for good with this error."""

    def stored(self, message: JobMessage, result: Result) -> JobOutcome:
        """Stores the result, unless the job has an answer already. Raises if it may not be stored."""

    def answered(self, message: JobMessage, kept: KeptLine) -> JobOutcome:
        """The outcome of a job with this stored answer. Raises if the answer cannot be read or counted."""

    def given_up(
        self, message: JobMessage, error: GatewayError, *, attempts: int | None, log: RequestLog
    ) -> JobOutcome:
        """The outcome of a job that is not tried again. `attempts`: those that failed, None if unknown. Never raises."""


@dataclass(frozen=True, slots=True)
class QueueEnds:
    """The ends of a job whose sender waits for a result in the results queue, or a dead letter."""

    records: JobRecords
    results: JobResults

    def error_result(self, message: JobMessage, error: GatewayError) -> Result:
        """The error line."""
        return job_lines.error_result(
            job_lines.result_id(message.key),
            job_lines.readable_custom_id(message.body),
            error,
            client=message.client,
        )

    def stored(self, message: JobMessage, result: Result) -> JobOutcome:
        """Stores the result unless the job has an answer already. The line to send is the stored answer's."""
        ours = self.results.keep(result)
        first = self.records.finish(message, ours)
        is_whole_in_s3 = first == ours and ours.line is None
        return Send(result.line() if is_whole_in_s3 else self.results.line(first))

    def answered(self, message: JobMessage, kept: KeptLine) -> JobOutcome:  # noqa: ARG002 - other kinds count it
        """Sends the stored answer again."""
        return Send(self.results.line(kept))

    def given_up(
        self, message: JobMessage, error: GatewayError, *, attempts: int | None, log: RequestLog
    ) -> JobOutcome:
        """Notes the dead letter in the job's record.

        If the note fails, a client that waits for the answer is not told, and the attempts of a job that is sent again
        are not reset.
        """
        try:
            self.records.bury(message)
        except Exception as failure:  # noqa: BLE001 - the dead letter is sent anyway
            log.add(burial_failure=getattr(failure, "code", type(failure).__name__))
        return Bury(dead_letter(message, error, attempts=attempts))
