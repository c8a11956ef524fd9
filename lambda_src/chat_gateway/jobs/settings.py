"""What a deployment says of jobs alone, read from environment variables once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables
from chat_gateway.core.variables import count, positive

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


class WorkerSettings(NamedTuple):
    """How many jobs are worked on at once, where they come from and go, and how failed ones are tried again."""

    jobs_queue_url: str
    results_queue_url: str
    dead_letter_queue_url: str
    results_bucket: str
    records_table: str
    record_kept_s: int
    width: int  # jobs in progress at once
    least_time_s: float  # what a job must have left to be begun
    ending_s: float  # of the function's time, for storing and sending what was answered
    max_attempts: int  # that failed by the job's own doing
    max_receives: int  # the queue's maxReceiveCount
    give_up_after_s: int  # the age of a job that is not put back any more
    retry_delay_s: int  # bound of the wait before the second attempt; doubles with each further one
    max_retry_delay_s: int

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> WorkerSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(**variables.read_all(env, _VARIABLES))

    def to_env(self) -> dict[str, str]:
        """The variables that the stack sets."""
        return variables.written(self, _VARIABLES)
