"""When a request is retried, and how long the wait before each retry is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.completions import retry
from chat_gateway.completions.retry import Attempts, RetryPolicy
from chat_gateway.core.errors import (
    GatewayError,
    InvalidRequestError,
    UpstreamConnectionError,
    UpstreamCredentialsError,
    UpstreamError,
    UpstreamProtocolError,
    UpstreamTimeoutError,
)

POLICY = RetryPolicy(retries=3, paid_retries=1, first_wait_s=1, max_wait_s=10, min_attempt_s=2)


def failing(status: int, **headers: str) -> UpstreamError:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return UpstreamError(
        "no",
        status=status,
        type_="x",
        code=None,
        param=None,
        retry_headers=names,
        bedrock_request_id=None,
    )


LOST = UpstreamConnectionError("lost")
NOT_CONNECTED = UpstreamConnectionError("refused", was_sent=False)


def waits(
    *errors: GatewayError, policy: RetryPolicy = POLICY, left_s: float = 1000, random: float = 1.0
) -> list[float]:
    """The waits before each retry, up to the error that ended the retries."""
    slept: list[float] = []
    attempts = Attempts(
        policy=policy, deadline=left_s, clock=lambda: sum(slept), sleep=slept.append, random=lambda: random
    )
    for error in errors:
        attempts.begin()
        if not attempts.waits_for_next(error):
            break
    return slept


@pytest.mark.parametrize("status", [408, 424, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(status: int) -> None:
    assert len(waits(failing(status))) == 1


@pytest.mark.parametrize(
    "error",
    [
        failing(400),
        failing(404),
        failing(409),
        InvalidRequestError("no"),
        UpstreamCredentialsError("no"),
        UpstreamProtocolError("no"),
    ],
)
def test_what_will_not_pass_is_not(error: GatewayError) -> None:
    assert waits(error) == []


def test_waits_double_up_to_the_number_of_retries() -> None:
    assert waits(*[failing(503)] * 9) == [1, 2, 4]


def test_waits_are_random_from_nothing_to_the_whole() -> None:
    assert waits(*[failing(503)] * 9, random=0) == [0, 0, 0]


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [({"retry_after": "7"}, 7), ({"retry_after_ms": "1500", "retry_after": "7"}, 1.5), ({}, 1)],
)
def test_the_wait_that_bedrock_asks_for_is_kept(headers: dict[str, str], wait_s: float) -> None:
    assert waits(failing(429, **headers)) == [wait_s]


def test_a_longer_wait_than_ours_to_spend_is_left_to_the_caller() -> None:
    assert waits(failing(429, retry_after="11")) == []


def test_an_attempt_that_could_not_finish_is_not_begun() -> None:
    assert waits(failing(503), left_s=2.9) == []
    assert waits(failing(503), left_s=3.1) == [1]


def test_paid_requests_have_their_own_retry_limit() -> None:
    """A request that may have been paid for is retried within a small limit of its own."""
    assert len(waits(*[LOST] * 9)) == 1
    assert len(waits(LOST, failing(503), UpstreamTimeoutError("late"))) == 2
    assert waits(LOST, policy=POLICY._replace(paid_retries=0)) == []


def test_a_connection_that_was_never_made_cost_nothing() -> None:
    assert len(waits(*[NOT_CONNECTED] * 9)) == POLICY.retries


@given(st.integers(0, 2000), st.floats(0.01, 100), st.floats(0.01, 50_000), st.floats(0, 1, exclude_max=True))
def test_jitter_stays_between_nothing_and_the_longest_wait(
    failures: int, first_s: float, max_s: float, fraction: float
) -> None:
    assert 0 <= retry.full_jitter_s(failures, first_s, max_s, fraction) <= max_s
