"""Frames of application/vnd.amazon.eventstream, which botocore reads."""

from __future__ import annotations

import json

import pytest
from botocore.eventstream import ChecksumMismatch
from hypothesis import given
from hypothesis import strategies as st

from local.bedrock_standin.converse_answers.frames import (
    Part,
    error_frame,
    event_frame,
    exception_frame,
    frame,
    with_wrong_checksum,
)
from tests.unit.bedrock_standin.converse.conftest import messages_of


@given(
    st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=50), max_size=5),
    st.binary(max_size=500),
)
def test_botocore_reads_each_frame(headers: dict[str, str], payload: bytes) -> None:
    """botocore reads the headers and the payload of each frame."""
    messages = messages_of(frame(headers, payload) * 2)
    assert [(message.headers, message.payload) for message in messages] == [(headers, payload)] * 2


def test_an_event_has_padding_of_varying_length() -> None:
    """The payload of an event has the key `p`, whose length varies."""
    paddings = set()
    for _ in range(20):
        (message,) = messages_of(event_frame("messageStop", {"stopReason": "end_turn"}))
        payload = json.loads(message.payload)
        paddings.add(payload.pop("p"))
        assert payload == {"stopReason": "end_turn"}
        assert message.headers[":event-type"] == "messageStop"
    assert len(paddings) > 1


def test_exceptions_and_errors_have_their_own_headers() -> None:
    """An exception and an error are messages of their own types."""
    exception, error = messages_of(
        exception_frame("throttlingException", {"message": "a"}) + error_frame("code", "b")
    )
    assert (exception.headers[":message-type"], exception.headers[":exception-type"]) == (
        "exception",
        "throttlingException",
    )
    assert error.headers == {":message-type": "error", ":error-code": "code", ":error-message": "b"}


@pytest.mark.parametrize("part", ["prelude", "message"])
def test_a_wrong_checksum_is_noticed(part: Part) -> None:
    """botocore refuses a frame with a wrong checksum."""
    raw = with_wrong_checksum(event_frame("metadata", {}), part)
    with pytest.raises(ChecksumMismatch):
        messages_of(raw)
