"""How jobs are worked on, and the sums that follow from what Bedrock lets the account ask."""

from __future__ import annotations

import math
from typing import Annotated, Self

from pydantic import Field, model_validator

from chat_gateway.jobs import sqs_limits
from infra.settings.table import Table, require

# How long SQS keeps a job. A dead letter's age counts from when the job was sent, so jobs must not wait as long as
# dead letters are kept:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
KEPT_S = 4 * 86_400
# The age from which a failed job is a dead letter rather than put back: SQS deletes what grows too old.
GIVE_UP_AFTER_S = KEPT_S - sqs_limits.MAX_VISIBILITY_S
# Longer than any delivery of a job can come.
RECORD_KEPT_S = KEPT_S + 86_400

# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
_MIN_SOURCE_CONCURRENCY, _MAX_SOURCE_CONCURRENCY = 2, 1000
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
_MAX_RECEIVES = 1000
# Batches above it need a window: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
_MAX_BATCH_WITHOUT_WINDOW = 10
# Each job in progress takes a thread and at most three sockets, of which a function has 1024 each:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_WIDTH = 300


class JobsSettings(Table):
    """Two numbers say how fast jobs go: `requests_per_minute` and `expected_answer_s`.

    By Little's law

        in flight = requests_per_minute / 60 x expected_answer_s    600 / 60 x 20 = 200 by default
        width     = in flight / 2, at most `max_width`              100
        sources   = in flight / width                               2 (SQS's least)

    so that all workers together have as many jobs in progress as the quota keeps busy. Where answers come sooner than
    expected, Bedrock throttles and jobs are put back.
    """

    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    """What jobs may take of the account's Bedrock quota."""
    expected_answer_s: Annotated[int, Field(ge=1)] = 20
    """What an answer takes on average. A job is begun only where the worker has this much time left."""
    max_width: Annotated[int, Field(ge=1, le=_MAX_WIDTH)] = 100
    """JobsSettings in progress in one worker, at most."""
    max_batch_size: Annotated[int, Field(ge=1)] | None = None
    """JobsSettings in one batch, at most; the width where it is not set."""
    maximum_batching_window_s: Annotated[int, Field(ge=1, le=300)] = 5
    """How long a job may wait for others to fill its batch."""
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 5
    """Attempts that fail by the job's own doing, after which it is a dead letter. Throttling does not count."""
    retry_delay_s: Annotated[int, Field(ge=1)] = 15
    """The longest wait before the second attempt; it doubles with each further one."""
    max_retry_delay_s: Annotated[int, Field(ge=1, le=sqs_limits.MAX_HIDDEN_S)] = 900
    """The longest wait before any attempt."""
    memory_size_mib: Annotated[int, Field(ge=128, le=10_240)] = 1769
    """The worker's memory. 1769 MiB is one vCPU: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""

    @model_validator(mode="after")
    def _rise(self) -> Self:
        rule = f"must be at most max_retry_delay_s, which is {self.max_retry_delay_s}"
        require(self.retry_delay_s <= self.max_retry_delay_s, "retry_delay_s", rule)
        return self

    @property
    def in_flight(self) -> int:
        """JobsSettings in progress in all workers together."""
        return max(1, self.requests_per_minute * self.expected_answer_s // 60)

    @property
    def width(self) -> int:
        """JobsSettings in progress in one worker."""
        return max(1, min(self.max_width, self.in_flight // _MIN_SOURCE_CONCURRENCY))

    @property
    def max_concurrency(self) -> int:
        """Workers at once."""
        wanted = max(_MIN_SOURCE_CONCURRENCY, self.in_flight // self.width)
        return min(wanted, _MAX_SOURCE_CONCURRENCY)

    @property
    def batch_size(self) -> int:
        """All of a batch is begun at once. SQS hands over fewer where they would exceed Lambda's 6 MB."""
        return min(self.width, self.max_batch_size or self.width)

    @property
    def window_s(self) -> int:
        """As long as jobs at the stated rate take to fill a batch; 0 where SQS needs none."""
        if self.batch_size <= _MAX_BATCH_WITHOUT_WINDOW:
            return 0
        return max(
            1, min(self.maximum_batching_window_s, math.ceil(60 * self.batch_size / self.requests_per_minute))
        )

    def max_receives(self, visibility_s: int) -> int:
        """As many as fit into a job's life if every worker dies and leaves it hidden to the end of its timeout.

        Generous, because every receive counts, one that is throttled too: at 15 min at most between two, and half of
        that on average, the default 876 are more than the 3½ days after which a job is given up.
        """
        return min(_MAX_RECEIVES, GIVE_UP_AFTER_S // visibility_s)
