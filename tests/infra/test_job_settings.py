"""Widths and batches follow from the account's Bedrock quota."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.settings.jobs import JobsSettings

JOBS = st.builds(
    JobsSettings,
    requests_per_minute=st.integers(1, 1_000_000),
    expected_answer_s=st.integers(1, 400),
    max_width=st.integers(1, 300),
    max_batch_size=st.none() | st.integers(1, 10_000),
)


@pytest.mark.parametrize(
    ("per_minute", "answer_s", "width", "workers"),
    [(600, 20, 100, 2), (1200, 20, 100, 4), (100, 30, 25, 2), (6, 10, 1, 2), (1, 1, 1, 2)],
)
def test_the_sum_of_the_comment(per_minute: int, answer_s: int, width: int, workers: int) -> None:
    jobs = JobsSettings(requests_per_minute=per_minute, expected_answer_s=answer_s)
    assert (jobs.width, jobs.max_concurrency) == (width, workers)


@given(JOBS)
def test_no_more_jobs_are_in_progress_than_the_quota_keeps_busy(jobs: JobsSettings) -> None:
    """The jobs in progress never exceed the quota, or two: SQS requires at least two workers."""
    assert jobs.width * jobs.max_concurrency <= max(2, jobs.in_flight)


@given(JOBS)
def test_what_follows_is_what_lambda_takes(jobs: JobsSettings) -> None:
    assert 1 <= jobs.batch_size <= jobs.width <= jobs.max_width
    assert 2 <= jobs.max_concurrency <= 1000
    assert jobs.window_s >= (1 if jobs.batch_size > 10 else 0)
    assert jobs.window_s <= jobs.maximum_batching_window_s


@given(JOBS, st.integers(60, 43_200))
def test_receives_fit_into_a_jobs_life(jobs: JobsSettings, visibility_s: int) -> None:
    assert 1 <= jobs.max_receives(visibility_s) <= 1000
