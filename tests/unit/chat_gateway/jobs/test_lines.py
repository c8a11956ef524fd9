"""Lines of OpenAI's batch format: input and output."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.core.errors import InternalError, InvalidRequestError, UpstreamError
from chat_gateway.jobs import lines as job_lines
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.job_messages import LINE

MAX_BYTES = 1_048_576


def test_a_line_of_batch_input_is_a_job() -> None:
    job = job_lines.parse(json.dumps(LINE), max_bytes=MAX_BYTES)
    assert job.custom_id == "job-1"
    assert job.request.document == VALID


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"custom_id": None}, "custom_id"),
        ({"custom_id": ""}, "custom_id"),
        ({"custom_id": True}, "custom_id"),
        ({"custom_id": [7]}, "custom_id"),
        ({"custom_id": "x" * 513}, "custom_id"),
        ({"method": "GET"}, "method"),
        ({"url": "/v1/embeddings"}, "url"),
        ({"url": ["/v1/chat/completions"]}, "url"),
        ({"body": None}, "body"),
        ({"body": {**VALID, "stream": True}}, "stream"),
        ({"body": {**VALID, "messages": []}}, "messages"),
    ],
)
def test_what_can_never_succeed_is_refused_by_name(change: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        job_lines.parse(json.dumps({**LINE, **change}), max_bytes=MAX_BYTES)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("line", "custom_id"),
    [
        (json.dumps({**LINE, "custom_id": 7}), 7),
        (json.dumps({**LINE, "custom_id": 1.5}), 1.5),
        ("\ufeff" + json.dumps(LINE), "job-1"),
        (json.dumps({**LINE, "method": "post"}), "job-1"),
        (json.dumps({key: value for key, value in LINE.items() if key != "method"}), "job-1"),
        (json.dumps({**LINE, "url": "/chat/completions"}), "job-1"),
    ],
)
def test_what_is_unambiguous_is_taken(line: str, custom_id: object) -> None:
    """Small variations of a line are accepted, and its custom_id comes back as it was written."""
    job = job_lines.parse(line, max_bytes=MAX_BYTES)
    assert (job.custom_id, type(job.custom_id)) == (custom_id, type(custom_id))
    assert job.request.document == VALID


@given(st.text() | st.text(st.characters(categories=["Cs", "L"])))
def test_any_text_is_a_job_or_refused_never_a_crash(line: str) -> None:
    with pytest.raises(InvalidRequestError):
        job_lines.parse(line, max_bytes=MAX_BYTES)
    assert job_lines.readable_custom_id(line) is None


@pytest.mark.parametrize(
    ("line", "custom_id"),
    [
        (json.dumps({**LINE, "url": "/nowhere"}), "job-1"),
        ('{"custom_id": "job-1", "custom_id": "job-2"}', "job-2"),
        ('{"custom_id": 7}', 7),
        ('\ufeff{"custom_id": "job-1"', None),
        ('\ufeff{"custom_id": "job-1", "body": 7}', "job-1"),
        ('{"custom_id": 1e999}', None),
        ('{"custom_id": 1' + "0" * 400 + "}", 10**400),
        ("[" * 100_000, None),
        ("not json", None),
    ],
)
def test_a_refused_line_is_told_by_its_custom_id_where_it_has_one(line: str, custom_id: object) -> None:
    """A refused line gives its custom_id if it is JSON with one, and otherwise None."""
    assert job_lines.readable_custom_id(line) == custom_id


def test_an_answer_becomes_a_line_of_batch_output() -> None:
    result = job_lines.Result(
        id="batch_req_1",
        custom_id="job-1",
        status_code=200,
        request_id="r",
        body={"a": "é\uffff"},
        error=None,
    )
    line = result.line()
    assert line.isascii()
    assert json.loads(line) == {
        "id": "batch_req_1",
        "custom_id": "job-1",
        "response": {"status_code": 200, "request_id": "r", "body": {"a": "é\uffff"}},
        "error": None,
    }


def test_a_line_can_point_to_where_the_whole_one_lies() -> None:
    result = job_lines.Result(
        id="1", custom_id="c", status_code=200, request_id="r", body={"big": 1}, error=None
    )
    document = json.loads(result.line_pointing_to("s3://bucket/key"))
    assert document["response"] == {"status_code": 200, "request_id": "r", "body": None}
    assert document["result_location"] == "s3://bucket/key"


def test_an_error_of_bedrocks_keeps_its_status_and_id() -> None:
    error = UpstreamError(
        "no",
        status=400,
        type_="invalid_request_error",
        code=None,
        param="stop",
        retry_headers={},
        bedrock_request_id="r",
    )
    document = json.loads(job_lines.error_result("batch_req_m-1", "job-1", error).line())
    assert document["id"] == "batch_req_m-1"
    assert document["response"]["status_code"] == 400
    assert document["response"]["request_id"] == "r"
    assert document["response"]["body"]["error"]["param"] == "stop"
    assert document["error"] == {"code": "invalid_request_error", "message": "no"}


def test_an_error_before_bedrock_was_asked_has_no_response() -> None:
    document = json.loads(job_lines.error_result("batch_req_m-1", None, InternalError()).line())
    assert document["response"] is None
    assert document["error"]["code"] == "internal_error"
