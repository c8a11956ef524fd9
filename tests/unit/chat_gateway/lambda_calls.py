"""A function's environment under Lambda: variables, a context, and a place for its log."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TextIO

from aws_lambda_powertools import Logger

AWS = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "DNS_SUFFIX": "amazonaws.com",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "CLIENTS_TABLE": "clients",
    "STREAM_TIMEOUT_S": "897",
    "COUNT_STREAM_TOKENS": "true",
    "JOBS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/jobs",
    "RESULTS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/results",
    "RESULTS_BUCKET": "large-results",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters",
    "JOB_RECORDS_TABLE": "job-records",
    "JOB_RECORD_KEPT_S": "432000",
    "WORKER_WIDTH": "20",
    "JOB_LEAST_TIME_S": "20",
    "JOB_ENDING_S": "30",
    "JOB_GIVE_UP_AFTER_S": "302400",
    "JOB_MAX_ATTEMPTS": "5",
    "JOB_MAX_RECEIVES": "152",
    "JOB_RETRY_DELAY_S": "15",
    "JOB_MAX_RETRY_DELAY_S": "900",
    "RECORD_USAGE": "false",
    "USAGE_TABLE": "usage",
    "USAGE_KEPT_DAYS": "400",
    "WHEN_COUNTERS_FAIL": "refuse",
}
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class FakeContext:
    aws_request_id: str = "lambda-id"
    remaining_ms: int = 900_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def logger_to(stream: TextIO) -> Logger:
    """A logger that writes to `stream`. Powertools keeps one logger for each service's name, so each has its own."""
    return Logger(service=f"test-{next(_NUMBERS)}", stream=stream)
