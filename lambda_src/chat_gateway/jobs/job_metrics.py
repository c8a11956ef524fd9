"""What the metrics count of an attempt at a job, beside what they count of every request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat_gateway.core import metric_names as names
from chat_gateway.jobs.outcomes import Bury, Done, JobNotBegunError, Redeliver, Send
from chat_gateway.service import line_metrics

if TYPE_CHECKING:
    from chat_gateway.jobs.runs import Run


def counts(run: Run) -> dict[str, int]:
    """The counts of an attempt whose outcome was handled, by metric; those that are 0 are left out."""
    fields = run.log.fields
    found: dict[str, int] = {}
    if names.ERROR_CLASS in fields and not _waits(run):
        found |= line_metrics.failed(fields)
    if run.message.receives == 1:
        found[names.JOBS_IN] = 1
    if isinstance(run.outcome, Bury):
        found[names.JOBS_DEAD] = 1
    elif isinstance(run.outcome, Send) or (isinstance(run.outcome, Done) and "not_run" not in fields):
        found[names.JOBS_OUT] = 1
    return found


def _waits(run: Run) -> bool:
    """Whether no attempt was made: the job was put back, because Bedrock or the client's limits refuse jobs now."""
    not_begun = run.log.fields.get(names.ERROR_CLASS) == JobNotBegunError.__name__
    return not_begun and isinstance(run.outcome, Redeliver)
