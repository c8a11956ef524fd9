"""Which ids can be traced, and how they are written into a filter pattern."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_cli.trace import ids, since


@given(st.one_of(st.text(), st.from_regex(r"[A-Za-z0-9_.:=/+\"\\-]{1,300}", fullmatch=True)))
def test_no_id_can_end_a_quoted_term(text: str) -> None:
    """A text is either refused, or its pattern is one quoted term with nothing but the id in the quotes."""
    try:
        pattern = ids.pattern(text)
    except ValueError:
        return
    assert re.fullmatch(r'"[A-Za-z0-9_.:=/+-]{3,200}"', pattern)
    assert pattern == f'"{text.strip()}"'


@pytest.mark.parametrize(
    "id_",
    [
        "JKJaXmPLvHcESHA=",
        "0b6f1e5c-2a4e-4c0e-9d3b-0f1f2a3b4c5d",
        "batch_req_my-key",
        "batch_req_0b6f1e5c-2a4e-4c0e-9d3b-0f1f2a3b4c5d.conflict",
        "batch_req_batch_0190a5b6c7d8e9f0.17",
        "chatcmpl-edc562cd",
    ],
)
def test_ids_that_the_gateway_shows_can_be_traced(id_: str) -> None:
    """Ids of requests, jobs, lines and Bedrock are accepted as they are, with spaces around them."""
    assert ids.checked(f" {id_}\n") == id_


@pytest.mark.parametrize(
    "text", ["", "ab", "---", "two words", 'a"b"c', "a\\b\\c", "ä" * 5, "x" * 201, "a\nb"]
)
def test_other_texts_are_refused(text: str) -> None:
    """A text that cannot be an id is an error that says what an id has, and does not repeat the text."""
    with pytest.raises(ValueError, match="an id has 3 to 200 letters") as caught:
        ids.checked(text)
    assert str(caught.value) == f"an id has {ids.FORM_IN_WORDS}"


@pytest.mark.parametrize(
    ("id_", "is_batch", "key"),
    [
        ("batch_0190a5b6", True, None),
        ("batch_0190a5b6.17", False, "batch_0190a5b6.17"),
        ("batch_req_batch_0190a5b6.17", False, "batch_0190a5b6.17"),
        ("batch_req_my-key", False, "my-key"),
        ("my-key", False, "my-key"),
        ("JKJaXmPLvHcESHA=", False, None),
        ("batch_req_0b6f.conflict", False, None),
    ],
)
def test_an_id_may_name_a_batch_or_a_job(id_: str, is_batch: bool, key: str | None) -> None:
    """A batch's id is told from a job's, and a job is found by its id and by its key."""
    assert ids.is_batch(id_) is is_batch
    assert ids.job_key(id_) == key


@pytest.mark.parametrize(("text", "seconds"), [("30m", 1800), ("1h", 3600), ("24h", 86_400), ("7d", 604_800)])
def test_times_back(text: str, seconds: int) -> None:
    """A time back is a number of minutes, hours or days."""
    assert since.seconds(text) == seconds


@given(st.text(max_size=8))
def test_other_times_are_refused(text: str) -> None:
    """Any text is a time back of at least a minute, or an error."""
    try:
        found = since.seconds(text)
    except ValueError:
        return
    assert found >= 60
