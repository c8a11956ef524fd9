"""A result's `id` says which line of which submission it answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.jobs import lines as job_lines
from gateway_cli.jobs import job_keys


@given(st.text(), st.integers(min_value=0, max_value=10**18 - 1))
def test_a_line_is_known_by_its_results_id(submission: str, line: int) -> None:
    """The worker makes the id of the key that the line was sent with."""
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
    """An id of another form or of another submission, also one that begins alike, names no line."""
    assert job_keys.line_of(id_, "mine") is None
    assert job_keys.line_of("batch_req_mine2-1", "mine") is None


@given(st.text() | st.from_regex(r"batch_req_mine-[0-9]{0,30}", fullmatch=True))
def test_any_id_is_a_line_or_none(id_: str) -> None:
    """Whatever id a results file holds, it is the one that its line was sent with, or no line's."""
    line = job_keys.line_of(id_, "mine")
    assert line is None or (line < 2**63 and job_keys.result_id(job_keys.key("mine", line)) == id_)


@pytest.mark.parametrize(
    "value",
    [{"DataType": "Binary", "BinaryValue": b"key"}, {"DataType": "String", "StringValue": "k" * 129}, {}],
)
def test_what_the_worker_ignores_is_no_key(value: dict[str, object]) -> None:
    """An attribute that is no text, or too long, names no job."""
    assert job_keys.sent_with({"idempotency_key": value}) is None
    assert job_keys.sent_with({"idempotency_key": {"DataType": "String", "StringValue": "k-1"}}) == "k-1"
