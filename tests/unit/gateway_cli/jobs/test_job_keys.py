"""A result's `id` says which line of which submission it answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway import jobs
from gateway_cli.jobs import job_keys


@given(st.text(), st.integers(min_value=0))
def test_a_line_is_known_by_its_results_id(submission: str, line: int) -> None:
    """The worker makes the id of the key that the line was sent with."""
    id_ = jobs.result_id(job_keys.key(submission, line))
    assert id_ == job_keys.result_id(job_keys.key(submission, line))
    assert job_keys.line_of(id_, submission) == line


@pytest.mark.parametrize(
    "id_",
    [
        "",
        "batch_req_mine-",
        "batch_req_mine-x",
        "batch_req_mine-1.conflict",
        "batch_req_mine-\u0663",
        "mine-1",
    ],
)
def test_other_ids_are_no_line(id_: str) -> None:
    """Nor are those of other submissions, though theirs begin alike."""
    assert job_keys.line_of(id_, "mine") is None
    assert job_keys.line_of("batch_req_mine2-1", "mine") is None


@given(st.text(), st.text())
def test_any_id_is_a_line_or_none(id_: str, submission: str) -> None:
    """Whatever a results file holds."""
    line = job_keys.line_of(id_, submission)
    assert line is None or line >= 0
