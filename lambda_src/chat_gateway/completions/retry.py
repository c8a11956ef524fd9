"""Decides whether to retry a request to Bedrock, and how long to wait before the retry."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chat_gateway.bedrock import retry_after
from chat_gateway.core.errors import (
    GatewayError,
    UpstreamConnectionError,
    UpstreamError,
    UpstreamTimeoutError,
)

# https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
# 424 is a failure of the model, 529 an overloaded model.
_RETRYABLE = frozenset({408, 424, 429, 500, 502, 503, 504, 529})


class RetryPolicy(NamedTuple):
    """The number of retries and the waits between them.

    `paid_retries`: how many of the `retries` may follow a failure after which Bedrock may have generated, and charged
    for, an answer that did not arrive.
    """

    retries: int
    paid_retries: int
    first_wait_s: float  # the longest wait before the first retry; doubles with each further retry
    max_wait_s: float  # no retry if Bedrock asks for a longer wait
    min_attempt_s: float  # no retry with less time left


# Few and short: the SDKs retry too, and a throttled caller should learn of it soon.
FOR_CALLERS = RetryPolicy(retries=2, paid_retries=1, first_wait_s=0.25, max_wait_s=2, min_attempt_s=1)
# The SDK is already retrying this request.
FOR_REPEATING_CALLERS = FOR_CALLERS._replace(retries=1, paid_retries=0)
# Longer waits happen in the queue, where they occupy no worker.
FOR_JOBS = RetryPolicy(retries=3, paid_retries=1, first_wait_s=0.5, max_wait_s=5, min_attempt_s=1)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Attempts:
    """The attempts of one request until `deadline` (on `clock`). `count` is the number of attempts begun.

    For a request by one of the environment's own model names: `may_repeat` is false while another target can follow,
    `count_before` is the number of attempts before the last target's, `target_model` is the model that was asked last, and
    `log_fields` says what became of each target.
    """

    policy: RetryPolicy
    deadline: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random
    count: int = 0
    may_repeat: bool = True
    count_before: int = 0
    target_model: str | None = None
    log_fields: dict[str, Any] | None = None
    _paid_failures: int = field(default=0, init=False)

    def begin(self) -> None:
        """Counts an attempt."""
        self.count += 1

    def waits_for_next(self, error: GatewayError) -> bool:
        """Sleeps before the next attempt, after `error`. Returns whether there is to be one."""
        wait_s = self._wait_s(error)
        if wait_s is not None:
            self.sleep(wait_s)
        return wait_s is not None

    @property
    def has_time(self) -> bool:
        """Whether enough time is left for another attempt."""
        return self._left_s() >= self.policy.min_attempt_s

    def allows_another(self, error: GatewayError) -> bool:
        """Whether another target may be asked after `error`. Counts the failure if it may be paid."""
        return not self._is_paid_too_often(error) and self.has_time

    def _wait_s(self, error: GatewayError) -> float | None:
        policy, count = self.policy, self.count - self.count_before
        if not self.may_repeat or not is_retryable(error) or count > policy.retries:
            return None
        if self._is_paid_too_often(error):
            return None
        asked_s = retry_after.wait_s(error.headers()) or 0.0
        wait_s = max(asked_s, full_jitter_s(count, policy.first_wait_s, policy.max_wait_s, self.random()))
        is_too_late = self._left_s() - wait_s < policy.min_attempt_s
        return None if wait_s > policy.max_wait_s or is_too_late else wait_s

    def _is_paid_too_often(self, error: GatewayError) -> bool:
        if not may_be_paid(error):
            return False
        self._paid_failures += 1
        return self._paid_failures > self.policy.paid_retries

    def _left_s(self) -> float:
        return self.deadline - self.clock()


def full_jitter_s(failures: int, first_s: float, max_s: float, fraction: float) -> float:
    """A random wait from 0 to a bound: `first_s`, doubled with each failure after the first, at most `max_s`.

    `fraction` is a random number from 0 to 1: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    doublings = min(max(failures, 1) - 1, 60)
    return fraction * min(max_s, first_s * 2.0**doublings)


def is_retryable(error: GatewayError) -> bool:
    """Whether the same request may succeed soon."""
    if isinstance(error, UpstreamError):
        return error.status in _RETRYABLE
    return isinstance(error, UpstreamConnectionError | UpstreamTimeoutError)


def may_be_paid(error: GatewayError) -> bool:
    """Whether Bedrock may have generated an answer despite the error, because the request had been sent."""
    return isinstance(error, UpstreamConnectionError | UpstreamTimeoutError) and error.was_sent
