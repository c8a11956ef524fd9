"""The jobs worker's settings, read from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables
from chat_gateway.core.variables import comma_separated, count, flag, positive

_VARIABLES: variables.Variables = {
    "jobs_queue_url": ("JOBS_QUEUE_URL", str),
    "results_queue_url": ("RESULTS_QUEUE_URL", str),
    "dead_letter_queue_url": ("DEAD_LETTER_QUEUE_URL", str),
    "results_bucket": ("RESULTS_BUCKET", str),
    "records_table": ("JOB_RECORDS_TABLE", str),
    "record_kept_s": ("JOB_RECORD_KEPT_S", count),
    "width": ("WORKER_WIDTH", count),
    "least_time_s": ("JOB_LEAST_TIME_S", positive),
    "ending_s": ("JOB_ENDING_S", positive),
    "max_attempts": ("JOB_MAX_ATTEMPTS", count),
    "max_receives": ("JOB_MAX_RECEIVES", count),
    "give_up_after_s": ("JOB_GIVE_UP_AFTER_S", count),
    "retry_delay_s": ("JOB_RETRY_DELAY_S", count),
    "max_retry_delay_s": ("JOB_MAX_RETRY_DELAY_S", count),
}
_OPTIONAL: variables.Variables = {
    "senders": ("JOB_SENDERS", comma_separated),
    "default_client": ("JOB_DEFAULT_CLIENT", str),
    "record_usage": ("RECORD_USAGE", flag),
}


class WorkerSettings(NamedTuple):
    """The worker's queues and stores, how many jobs run at once, and how failed jobs are retried."""

    jobs_queue_url: str
    results_queue_url: str
    dead_letter_queue_url: str
    results_bucket: str
    records_table: str
    record_kept_s: int
    width: int  # jobs in progress at once
    least_time_s: float  # a job is started only with this much time left
    ending_s: float  # reserved at the end of an invocation for storing and sending answers
    max_attempts: int  # failed attempts that count against the job
    max_receives: int  # the queue's maxReceiveCount
    give_up_after_s: int  # an older job is not put back
    retry_delay_s: int  # the longest wait before the second attempt; doubles with each further one
    max_retry_delay_s: int
    senders: tuple[str, ...] = ()  # that may say whose a job is, by IAM's unique ids
    default_client: str | None = None  # of jobs from other senders; None: no policy holds for them
    record_usage: bool = False  # also of clients without limits, and of jobs without a client

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> WorkerSettings:
        """Reads the settings. Raises ConfigurationError that names the missing or wrong variable."""
        return cls(**variables.read_all(env, _VARIABLES), **variables.read_set(env, _OPTIONAL))

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets."""
        return {**variables.written(self, _VARIABLES), **variables.written_set(self, _OPTIONAL)}
