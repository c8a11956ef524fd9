"""STS's answers are read in both of their forms, and an unreadable one is an error without a secret."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.aws import sts_answers
from chat_gateway.aws.sigv4 import Credentials
from chat_gateway.aws.sts_answers import Session
from tests.unit.chat_gateway.sts_answers import KEY_ID, SECRET, TOKEN, as_json, error, xml

EXPIRES = datetime(2026, 11, 27, 23, tzinfo=UTC).timestamp()
CREDENTIALS = Credentials(KEY_ID, SECRET, TOKEN)
_BASE64 = st.text("ABCabc019+/=", min_size=1, max_size=200)


@pytest.mark.parametrize(
    "body",
    [
        xml(),
        xml(expiration="2026-11-27T23:00:00.000Z"),
        xml(expiration="2026-11-27T23:00:00"),
        as_json(EXPIRES),
        as_json("2026-11-27T23:00:00Z"),
        b"\n" + as_json(int(EXPIRES)),
    ],
)
def test_both_forms(body: bytes) -> None:
    """XML is STS's form, JSON what it sends to clients that accept only JSON; each date is read."""
    assert sts_answers.session(body) == Session(CREDENTIALS, EXPIRES)


@given(key_id=_BASE64, secret=_BASE64, token=_BASE64)
def test_every_key_and_token(key_id: str, secret: str, token: str) -> None:
    """Keys and tokens arrive unchanged in both forms."""
    expected = Credentials(key_id, secret, token)
    changes = {"AccessKeyId": key_id, "SecretAccessKey": secret, "SessionToken": token}
    assert sts_answers.session(xml(key_id, secret, token)).credentials == expected
    assert sts_answers.session(as_json(1, **changes)).credentials == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"{",
        b"[1]",
        b'{"AssumeRoleResponse": {"AssumeRoleResult": {"Credentials": [1]}}}',
        b'{"AssumeRoleResponse": []}',
        as_json(True),
        as_json(None),
        as_json(EXPIRES, SessionToken=None),
        as_json(EXPIRES, SecretAccessKey="with a blank"),
        as_json(EXPIRES, AccessKeyId=""),
        as_json("tomorrow"),
        as_json(10**400),
        xml(token="&amp;"),
        xml(secret="two lines\r\nx-injected: 1"),
        xml().replace(b"SessionToken", b"Token"),
        xml()[:-400],
        xml(key_id="ä"),
        error("AccessDenied"),
        xml() + b" " * 65_536,
    ],
)
def test_no_credentials(body: bytes) -> None:
    """An answer without credentials is refused, and the error repeats nothing of it."""
    with pytest.raises(ValueError, match=r"^STS.s answer holds no credentials$"):
        sts_answers.session(body)


@given(st.binary(max_size=400) | st.binary(max_size=100).map(lambda junk: xml().replace(b"ASIA", junk)))
def test_any_bytes(body: bytes) -> None:
    """Any bytes are credentials or a ValueError, and have a code or none."""
    try:
        found = sts_answers.session(body).credentials
    except ValueError:
        pass
    else:
        assert found.access_key_id.isascii()
        assert not set(found.access_key_id) & set(" \r\n<&")
    assert sts_answers.error_code(body) is None or body


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (error("AccessDenied"), "AccessDenied"),
        (b'{"Error": {"Code": "ExpiredToken", "Message": "m"}, "RequestId": "r"}', "ExpiredToken"),
        (b'{"Error": "no"}', None),
        (b'{"Error": {"Code": 1}}', None),
        (b"{", None),
        (b"<html>", None),
        (error("no name &lt;"), None),
        (b"", None),
        (error("AccessDenied") + b" " * 65_536, None),
    ],
)
def test_error_codes(body: bytes, code: str | None) -> None:
    """An error's name is read in both forms, and nothing else of the error."""
    assert sts_answers.error_code(body) == code


def test_secrets_have_no_text() -> None:
    """The text of the session has neither key nor token."""
    text = repr(sts_answers.session(xml()))
    assert SECRET not in text
    assert TOKEN not in text
