"""A line is sent only if the gateway can answer it and SQS can carry it."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_cli.jobs import job_line
from gateway_cli.json_line import BadLineError
from tests.unit.gateway_cli.jobs.batch_lines import job

_ENVELOPE_BYTES = len(job("a", body={"text": ""}))


@pytest.mark.parametrize("custom_id", ["a", "é" * 512, "\ud800", "two words"])
def test_a_good_line_tells_its_custom_id(custom_id: str) -> None:
    assert job_line.custom_id(job(custom_id).encode()) == custom_id


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\xff{}", "UTF-8"),
        (b"\x1f\x8b\x08", "UTF-8"),
        (b"{", "not JSON: Expecting property name enclosed in double quotes"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": %s}' % (b"9" * 5000), "number"),
        (b"[]", "object"),
        (b'{"a": NaN}', "NaN"),
        (b'{"custom_id": "a", "custom_id": "b"}', "repeats a key"),
        (b"{}", "custom_id"),
        (job("").encode(), "custom_id"),
        (job("x" * 513).encode(), "custom_id"),
        (job(7).encode(), "custom_id"),
        (job("a", method="GET").encode(), "method"),
        (job("a", url="/v1/embeddings").encode(), "url"),
        (job("a", url=["/v1/chat/completions"]).encode(), "url"),
        (job("a", body=[]).encode(), "body"),
        (None, "1 MiB"),
    ],
)
def test_a_bad_line_says_why_and_not_what_it_holds(line: bytes | None, reason: str) -> None:
    with pytest.raises(BadLineError, match=reason):
        job_line.custom_id(line)


def test_a_line_of_a_mebibyte_is_sent_and_a_byte_more_is_not() -> None:
    most = job_line.MAX_MESSAGE_BYTES - _ENVELOPE_BYTES
    assert job_line.custom_id(job("a", body={"text": "x" * most}).encode()) == "a"
    with pytest.raises(BadLineError, match="1 MiB"):
        job_line.custom_id(job("a", body={"text": "x" * (most + 1)}).encode())


def test_escaping_for_sqs_counts() -> None:
    text = "\ufffe" * (1_048_576 // 3 - 200)  # three bytes each, and six when escaped
    line = json.dumps({"text": text}, ensure_ascii=False).encode()
    assert len(line) < 1_048_576
    with pytest.raises(BadLineError, match="1 MiB"):
        job_line.custom_id(line)


@given(st.text())
def test_the_message_is_the_same_json_in_characters_that_sqs_takes(text: str) -> None:
    try:
        raw = json.dumps({"text": text}, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    body = job_line.message_body(raw)
    assert json.loads(body) == {"text": text}
    assert not set(body) & {"\ufffe", "\uffff"}


@given(st.binary())
def test_no_bytes_do_anything_but_pass_or_be_bad(raw: bytes) -> None:
    with suppress(BadLineError):
        job_line.custom_id(raw)
