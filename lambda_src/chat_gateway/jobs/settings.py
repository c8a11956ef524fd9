"""What a deployment says of jobs alone, read from environment variables once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from chat_gateway.core import environment


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
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
        return cls(
            jobs_queue_url=environment.read(env, "JOBS_QUEUE_URL", str),
            results_queue_url=environment.read(env, "RESULTS_QUEUE_URL", str),
            dead_letter_queue_url=environment.read(env, "DEAD_LETTER_QUEUE_URL", str),
            results_bucket=environment.read(env, "RESULTS_BUCKET", str),
            records_table=environment.read(env, "JOB_RECORDS_TABLE", str),
            record_kept_s=environment.read(env, "JOB_RECORD_KEPT_S", environment.count),
            width=environment.read(env, "WORKER_WIDTH", environment.count),
            least_time_s=environment.read(env, "JOB_LEAST_TIME_S", environment.positive),
            ending_s=environment.read(env, "JOB_ENDING_S", environment.positive),
            max_attempts=environment.read(env, "JOB_MAX_ATTEMPTS", environment.count),
            max_receives=environment.read(env, "JOB_MAX_RECEIVES", environment.count),
            give_up_after_s=environment.read(env, "JOB_GIVE_UP_AFTER_S", environment.count),
            retry_delay_s=environment.read(env, "JOB_RETRY_DELAY_S", environment.count),
            max_retry_delay_s=environment.read(env, "JOB_MAX_RETRY_DELAY_S", environment.count),
        )
