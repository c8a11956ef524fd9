"""The settings of jobs, and the concurrency that follows from the account's Bedrock quota."""

from __future__ import annotations

import math
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from chat_gateway.jobs import sqs_limits
from client_keys.policy import CLIENT_ID
from infra.settings import memory_sizes
from infra.settings.table import Table, matching, require

# How long SQS keeps a job. A dead letter's age counts from the time that the job was sent, so jobs must be kept for a
# shorter time than dead letters:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
KEPT_S = 4 * 86_400
# A failed job of this age becomes a dead letter instead of being retried, because SQS would delete it in the queue.
GIVE_UP_AFTER_S = KEPT_S - sqs_limits.MAX_VISIBILITY_S
# SQS cannot deliver a job after this time.
RECORD_KEPT_S = KEPT_S + 86_400

# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
_MIN_SOURCE_CONCURRENCY, _MAX_SOURCE_CONCURRENCY = 2, 1000
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
_MAX_RECEIVES = 1000
# Larger batches need a batching window: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
_MAX_BATCH_WITHOUT_WINDOW = 10
# Each job in progress uses a thread and at most three sockets. A function has 1024 threads and 1024 file descriptors:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_WIDTH = 300
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids; the emulator has the
# account's number for every sender.
_IAM_ID = "(AROA|AIDA)[A-Z0-9]{12,124}|[0-9]{12}"


class JobsSettings(Table):
    """The speed of jobs depends on `requests_per_minute` and `expected_answer_s`.

    By Little's law

        in flight = requests_per_minute / 60 x expected_answer_s    600 / 60 x 20 = 200 by default
        width     = in flight / 2, at most `max_width`              100
        sources   = in flight / width                               2 (SQS's minimum)

    so that all workers together have as many jobs in progress as the quota allows. If answers arrive sooner than expected,
    Bedrock throttles requests, and the worker puts those jobs back into the queue.
    """

    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    """The part of the account's Bedrock quota that jobs may use."""
    expected_answer_s: Annotated[int, Field(ge=1)] = 20
    """The average time until Bedrock answers. The worker starts a job only if it has this much time left."""
    max_width: Annotated[int, Field(ge=1, le=_MAX_WIDTH)] = 100
    """The maximum number of jobs in progress in one worker."""
    max_batch_size: Annotated[int, Field(ge=1)] | None = None
    """The maximum number of jobs in one batch. By default, the number of jobs that one worker has in progress."""
    maximum_batching_window_s: Annotated[int, Field(ge=1, le=300)] = 5
    """How long a job may wait until its batch is full."""
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 5
    """A job becomes a dead letter after this many failed attempts. Throttling does not count as a failed attempt."""
    retry_delay_s: Annotated[int, Field(ge=1)] = 15
    """The maximum wait before the second attempt. It doubles for each further attempt."""
    max_retry_delay_s: Annotated[int, Field(ge=1, le=sqs_limits.MAX_HIDDEN_S)] = 900
    """The maximum wait before any attempt."""
    senders: list[
        Annotated[str, AfterValidator(matching(_IAM_ID, "must be a role's AROA… or a user's AIDA…"))]
    ] = Field(default_factory=list)
    """Unique ids of the IAM roles and users whose messages may name the client that a job belongs to."""
    default_client: (
        Annotated[str, AfterValidator(matching(CLIENT_ID.pattern, "must be a client's id"))] | None
    ) = None
    """The client that jobs of all other senders belong to. By default they belong to no client, and no policy applies to them."""
    memory_size_mib: Annotated[int, Field(ge=128, le=10_240)] = memory_sizes.WORKER_MIB
    """The worker's memory. 1769 MiB is one vCPU: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""

    @model_validator(mode="after")
    def _rise(self) -> Self:
        rule = f"must be at most max_retry_delay_s, which is {self.max_retry_delay_s}"
        require(self.retry_delay_s <= self.max_retry_delay_s, "retry_delay_s", rule)
        return self

    @property
    def in_flight(self) -> int:
        """The number of jobs in progress in all workers together."""
        return max(1, self.requests_per_minute * self.expected_answer_s // 60)

    @property
    def width(self) -> int:
        """The number of jobs in progress in one worker."""
        return max(1, min(self.max_width, self.in_flight // _MIN_SOURCE_CONCURRENCY))

    @property
    def max_concurrency(self) -> int:
        """The maximum number of workers at once."""
        wanted = max(_MIN_SOURCE_CONCURRENCY, self.in_flight // self.width)
        return min(wanted, _MAX_SOURCE_CONCURRENCY)

    @property
    def batch_size(self) -> int:
        """The maximum number of jobs in a batch. The worker starts all of them at once.

        Lambda passes on fewer jobs if they would exceed its 6 MB.
        """
        return min(self.width, self.max_batch_size or self.width)

    @property
    def window_s(self) -> int:
        """The batching window: the time in which a batch fills at `requests_per_minute`; 0 for small batches."""
        if self.batch_size <= _MAX_BATCH_WITHOUT_WINDOW:
            return 0
        return max(
            1, min(self.maximum_batching_window_s, math.ceil(60 * self.batch_size / self.requests_per_minute))
        )

    def max_receives(self, visibility_s: int) -> int:
        """The number of receives in a job's life if every worker dies and each receive lasts `visibility_s`.

        Throttled attempts count as receives, so the number must be high. Two receives are at most 15 min apart, and 7.5 min
        on average. The default of 876 receives takes longer than the 3½ days after which the worker gives up a job.
        """
        return min(_MAX_RECEIVES, GIVE_UP_AFTER_S // visibility_s)
