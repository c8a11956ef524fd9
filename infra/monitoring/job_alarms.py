"""The alarms of jobs and batches."""

from __future__ import annotations

from infra.monitoring.metrics import BATCH_STEP_FAILURES, Metrics
from infra.monitoring.monitored import Monitored
from infra.monitoring.runbook_alarms import Limit, RunbookAlarms

_WAITING = "ApproximateNumberOfMessagesVisible"


def add(alarms: RunbookAlarms, monitored: Monitored) -> None:
    """Adds the alarms of jobs and batches."""
    metrics, queues = Metrics(monitored), monitored.queues
    alarms.add(
        "dead-letters",
        "Jobs failed for the last time, and are in the dead letters.",
        metrics.queue(_WAITING, queues.dead_letters),
        Limit(at_least=1),
    )
    alarms.add(
        "batch-dead-letters",
        "The message of a batch's next step is in the dead letters, so the batch stands still.",
        metrics.queue(_WAITING, queues.step_dead_letters),
        Limit(at_least=1),
    )
    most_s = monitored.environment.monitoring.max_job_age_s
    alarms.add(
        "old-jobs",
        f"A job has been in the queue for more than {most_s} s.",
        metrics.queue("ApproximateAgeOfOldestMessage", queues.jobs),
        Limit(above=most_s, bad=3, of=3),
    )
    alarms.add(
        "batch-steps",
        "For fifteen minutes, steps of batches failed. They are tried again, but the batches do not go on.",
        metrics.filtered(BATCH_STEP_FAILURES),
        Limit(at_least=1, bad=3, of=3),
    )
