"""The trace id of a caller's `traceparent` is logged if the header is valid, and goes no further."""

from __future__ import annotations

import json
from io import StringIO

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.http_api import traceparent
from tests.unit.chat_gateway.api_calls import event, ok
from tests.unit.chat_gateway.conftest import Asking

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
VALID = f"00-{TRACE}-{PARENT}-01"
DIGITS = "0123456789abcdef"


def hexadecimal(length: int) -> st.SearchStrategy[str]:
    return st.text(DIGITS, min_size=length, max_size=length)


@given(hexadecimal(2), hexadecimal(32), hexadecimal(16), hexadecimal(2), st.sampled_from(["", "-", "-more"]))
def test_every_valid_header(version: str, trace: str, parent: str, flags: str, more: str) -> None:
    """A header of the form of the W3C has its trace id, unless the version is ff or an id is all zeros."""
    is_valid = version != "ff" and bool(trace.strip("0")) and bool(parent.strip("0"))
    is_valid = is_valid and (version != "00" or not more)
    found = traceparent.trace_id([f"{version}-{trace}-{parent}-{flags}{more}"])
    assert found == (trace if is_valid else None)


@given(st.lists(st.text() | st.from_regex(r"[0-9a-fA-F]{2}-[0-9a-fA-F]{30,34}-[0-9a-f]{16}-[0-9a-f]{2}.?")))
def test_any_text(values: list[str]) -> None:
    """No text raises, and what is found is 32 digits of a header that was sent once."""
    found = traceparent.trace_id(values)
    assert found is None or (len(values) == 1 and len(found) == 32 and set(found) <= set(DIGITS))


@pytest.mark.parametrize(
    "value",
    [
        "",
        VALID.upper(),
        f" {VALID}",
        f"{VALID}\n",
        f"{VALID}-00",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[1:]}-{PARENT}-01",
        f"01-{TRACE}-{PARENT}-01.x",
        f"01-{TRACE}-{PARENT}-01-{'x' * 512}",
    ],
)
def test_invalid(value: str) -> None:
    """A header that the W3C's text forbids has no trace id."""
    assert traceparent.trace_id([value]) is None


def test_two_headers_are_none() -> None:
    """Two values say nothing, even if they are the same."""
    assert traceparent.trace_id([VALID, VALID]) is None


def test_it_is_logged_and_goes_no_further(asking: Asking, log: StringIO) -> None:
    """The log line has the trace id. Bedrock and the caller do not get it."""
    asked: list[httpx.Request] = []

    def bedrock(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return ok(request)

    status, headers, document = asking(bedrock).handle(
        event(headers={"traceparent": [VALID], "tracestate": ["a=1"]})
    )
    assert json.loads(log.getvalue())["trace_id"] == TRACE
    sent = f"{asked[0].headers} {asked[0].content!r} {asked[0].url}"
    answered = f"{status} {headers} {document}"
    for text in (sent, answered):
        assert TRACE not in text
        assert "trace" not in text.lower()


def test_without_the_header_there_is_none(asking: Asking, log: StringIO) -> None:
    """The line of a caller that does not trace has no trace id."""
    asking(ok).handle(event(headers={"traceparent": ["words of a prompt"]}))
    asking(ok).handle(event())
    assert "trace_id" not in log.getvalue()
    assert "words" not in log.getvalue()
