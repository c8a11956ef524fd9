"""The hunt finds keys and personal data in log lines, and nothing in what the lines may hold."""

from __future__ import annotations

import pytest

from tests.log_checks import hunt

FORBIDDEN = [
    ("a key", "bcg-0123456789abcdefghijklmnop"),
    ("a key", "ABSKQmVkcm9ja0FQSUtleS0xMjM0"),
    ("a key", "bedrock-api-key-YmVkcm9jay5hbWF6"),
    ("a key", "AKIAIOSFODNN7EXAMPLE"),
    ("a key", "Authorization: Bearer abcdefgh"),
    ("a key", "https://b.s3/x?X-Amz-Signature=1"),
    ("an e-mail address", "write to ada.l@example.com now"),
    ("an IP address", "from 203.0.113.7"),
    ("an IP address", "2001:0db8:0000:0000:0000:0000:0000:0001"),
    ("a phone number", "+49 30 901820"),
    ("a phone number", "(555) 123-4567"),
    ("a phone number", "call 555-123-4567"),
    ("a card number", "4111 1111 1111 1111"),
    ("a card number", "4111111111111111"),
]
ALLOWED = [
    "JKJaXmPLvHcESHA=",
    "11111111-2222-3333-4444-555555555555",
    "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
    "arn:aws:bedrock:us-east-1:123456789012:inference-profile/abc123",
    "batch_req_0af7651916cd43dd8448eb211c80319c",
    "0af7651916cd43dd8448eb211c80319c",
    "The limit is 4194304 bytes.",
    "ConnectError [Errno 111] Connection refused",
]


@pytest.mark.parametrize(("what", "text"), FORBIDDEN)
def test_found(what: str, text: str) -> None:
    """Each kind is found in a field, in a list and in an object."""
    for value in (text, [text], {"reason": [text]}, {text: 1}):
        assert hunt.found_in({"message": "job", "reason": value}) == [f"job: reason holds {what}"]


@pytest.mark.parametrize("text", ALLOWED)
def test_not_found(text: str) -> None:
    """Ids, models and the gateway's own words are not taken for personal data."""
    assert hunt.found_in_text(text) == []
