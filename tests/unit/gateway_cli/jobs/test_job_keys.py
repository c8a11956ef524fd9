"""A result's `id` identifies its line and its submission."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.jobs import lines as job_lines
from gateway_cli.jobs import job_keys


@given(st.text(), st.integers(min_value=0, max_value=10**18 - 1))
def test_a_line_is_known_by_its_results_id(submission: str, line: int) -> None:
    """The worker makes the ID from the line's key."""
    id_ = job_lines.result_id(job_keys.key(submission, line))
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
        "batch_req_mine-007",
        "batch_req_mine-" + "9" * 19,
        "batch_req_mine-" + "9" * 5000,
        "mine-1",
    ],
)
def test_other_ids_are_no_line(id_: str) -> None:
    """An ID of another form or of another submission matches no line."""
    assert job_keys.line_of(id_, "mine") is None
    assert job_keys.line_of("batch_req_mine2-1", "mine") is None


@given(st.text() | st.from_regex(r"batch_req_mine-[0-9]{0,30}", fullmatch=True))
def test_any_id_is_a_line_or_none(id_: str) -> None:
    """Any ID in a results file matches the line that it was sent with, or no line."""
    line = job_keys.line_of(id_, "mine")
    assert line is None or (line < 2**63 and job_keys.result_id(job_keys.key("mine", line)) == id_)


@pytest.mark.parametrize(
    "value",
    [{"DataType": "Binary", "BinaryValue": b"key"}, {"DataType": "String", "StringValue": "k" * 129}, {}],
)
def test_what_the_worker_ignores_is_no_key(value: dict[str, object]) -> None:
    """An attribute that is not text, or too long, is not a key."""
    assert job_keys.sent_with({"idempotency_key": value}) is None
    assert job_keys.sent_with({"idempotency_key": {"DataType": "String", "StringValue": "k-1"}}) == "k-1"
