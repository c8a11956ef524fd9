"""How a line of a batch ends: its output line is stored in the job record, and the line is counted.

Which lines are errors, and what they look like: https://platform.openai.com/docs/api-reference/batch/request-output
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from chat_gateway.core.errors import UpstreamError
from chat_gateway.jobs import lines as job_lines
from chat_gateway.jobs.lines import KeptLine, Result
from chat_gateway.jobs.outcomes import (
    Done,
    InputFileMissingError,
    JobNotBegunError,
    Redeliver,
    WorkersDiedError,
)
from chat_gateway.jobs.results import MAX_RECORD_LINE_BYTES
from chat_gateway.jobs.vetting import custom_id

if TYPE_CHECKING:
    from chat_gateway.core.errors import GatewayError
    from chat_gateway.jobs.batch_lines.counts import LineCounts
    from chat_gateway.jobs.lines import JobMessage
    from chat_gateway.jobs.outcomes import JobOutcome
    from chat_gateway.jobs.records import JobRecords
    from chat_gateway.jobs.results import JobResults
    from chat_gateway.service.request_log import RequestLog

# After these errors it is not known whether reading the line kills the process.
_UNREAD = (WorkersDiedError, JobNotBegunError)
# Nobody looked at the request.
_NO_ANSWER = (JobNotBegunError, InputFileMissingError)
_AGAIN_S = 60


@dataclass(frozen=True, slots=True)
class LineEnds:
    """The ends of lines. An output line over 400 kB is an object in the bucket for results, whatever its size."""

    records: JobRecords
    results: JobResults
    counts: LineCounts

    def error_result(self, message: JobMessage, error: GatewayError) -> Result:
        """The line of the error file: with the error as a response if somebody answered, else with the error alone."""
        id_, detail = job_lines.result_id(message.key), json.loads(error.body())["error"]
        read = custom_id.of if isinstance(error, _UNREAD) else job_lines.readable_custom_id
        is_answer = _is_answer(error)
        return Result(
            id=id_,
            custom_id=read(message.body),
            status_code=error.status if is_answer else None,
            request_id=error.bedrock_request_id,
            body={"error": detail} if is_answer else None,
            error=None if is_answer else {"code": error.code or error.type, "message": error.message},
        )

    def stored(self, message: JobMessage, result: Result) -> JobOutcome:
        """Stores the output line unless the line has one already, and counts the line."""
        ours = self._keep(replace(result, request_id=result.request_id or result.id, client=None))
        return self.answered(message, self.records.finish(message, ours))

    def answered(self, message: JobMessage, kept: KeptLine) -> JobOutcome:
        """Counts the line by what was stored."""
        if message.batch_line is not None:
            self.counts.add(message.batch_line, is_failed=kept.is_failed)
        return Done()

    def given_up(
        self, message: JobMessage, error: GatewayError, *, attempts: int | None, log: RequestLog
    ) -> JobOutcome:
        """Stores an error line instead of a dead letter."""
        log.add(given_up=True, attempts=attempts)
        try:
            return self.stored(message, self.error_result(message, error))
        except Exception as failure:  # noqa: BLE001 - the next delivery tries this again
            log.add(burial_failure=getattr(failure, "code", type(failure).__name__))
            return Redeliver(_AGAIN_S)

    def _keep(self, result: Result) -> KeptLine:
        line, is_failed = result.line(), result.status_code != HTTPStatus.OK
        if len(line) <= MAX_RECORD_LINE_BYTES:
            return KeptLine(line=line, is_failed=is_failed)
        return KeptLine(s3_key=self.results.put(result.id, line), is_failed=is_failed)


def _is_answer(error: GatewayError) -> bool:
    """Whether Bedrock answered with the error, or the gateway refused the request."""
    if isinstance(error, UpstreamError):
        return True
    return error.status < HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, _NO_ANSWER)
