"""The issuer's keys are kept, and read again when they are old or a token names another key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwt_clients import key_set
from jwt_clients.errors import KeysUnavailableError
from jwt_clients.signing_keys import SigningKeys
from tests.unit.jwt_clients import issuer

HOUR_S = 3600.0


class Issuer:
    """An issuer whose key set changes, or cannot be read. Counts the requests."""

    def __init__(self) -> None:
        self.now_s, self.requests, self.fails = 1e6, 0, False
        self.content = issuer.key_set()
        self.warnings: list[str] = []
        self.keys = SigningKeys(
            self._fetch, on_failure=lambda error: self.warnings.append(str(error)), clock=lambda: self.now_s
        )

    def _fetch(self) -> bytes:
        self.requests += 1
        if self.fails:
            raise KeysUnavailableError("TimeoutError")
        return self.content


def test_keys_are_kept() -> None:
    """One request serves all tokens of an hour."""
    known = Issuer()
    for _ in range(5):
        assert known.keys.key("rsa") is not None
        assert known.keys.key("ec") is not None
    assert known.requests == 1


def test_unknown_key_is_asked_for_once_a_minute() -> None:
    """Tokens with made-up key ids make one request a minute; a new key is found by it."""
    known = Issuer()
    known.keys.key("rsa")
    known.now_s += 60
    for number in range(100):
        assert known.keys.key(f"made-up-{number}") is None
    assert known.requests == 2
    known.content = issuer.key_set(issuer.public(issuer.ec_key(), "new"))
    known.now_s += 60
    assert known.keys.key("new") is not None
    assert known.keys.key("rsa") is None  # the issuer has taken it back
    assert known.requests == 3


def test_old_keys_are_read_again() -> None:
    """A key that the issuer has taken back is refused after an hour."""
    known = Issuer()
    known.keys.key("rsa")
    known.content = issuer.key_set(issuer.public(issuer.ec_key(), "ec"))
    known.now_s += HOUR_S - 1
    assert known.keys.key("rsa") is not None
    known.now_s += 1
    assert known.keys.key("rsa") is None


def test_issuer_that_fails_for_a_while() -> None:
    """While the issuer fails, the last keys are used for a day, with one request a minute and a warning for each."""
    known = Issuer()
    known.keys.key("rsa")
    known.fails = True
    known.now_s += 2 * HOUR_S
    for _ in range(10):
        assert known.keys.key("rsa") is not None
    assert (known.requests, known.warnings) == (2, ["TimeoutError"])
    known.now_s += 22 * HOUR_S
    with pytest.raises(KeysUnavailableError):
        known.keys.key("rsa")


def test_first_request_that_fails() -> None:
    """Without any keys the error is raised, and the next token asks again at once."""
    known = Issuer()
    known.fails = True
    with pytest.raises(KeysUnavailableError):
        known.keys.key("rsa")
    known.fails = False
    assert known.keys.key("rsa") is not None


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"alg": "RS512"},
        {"alg": "HS256"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kid": None},
        {"kid": 7},
        {"d": "AQAB"},
        {"n": "not base64!"},
        {"n": None},
        {"e": 7},
    ],
)
def test_other_keys_are_left_out(change: dict[str, Any]) -> None:
    """Keys for other uses and algorithms, secret ones and malformed ones are left out; the others are read."""
    other = {**issuer.public(issuer.rsa_key("other"), "other"), **change}
    assert set(key_set.read(issuer.key_set(other, issuer.public(issuer.ec_key(), "ec")))) == {"ec"}


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"keys": {}}', b'{"keys": []}', b'{"keys": [7]}', b"<html>", b"\xff", b"[" * 9999],
)
def test_what_is_no_key_set(content: bytes) -> None:
    """An answer without a usable key is an error, so that the last keys stay."""
    with pytest.raises(KeysUnavailableError):
        key_set.read(content)


VALUES = st.none() | st.integers() | st.floats() | st.text(max_size=10) | st.lists(st.integers(), max_size=2)
KEYS = st.dictionaries(
    st.sampled_from(["kty", "kid", "use", "alg", "crv", "n", "e", "x", "y"]),
    VALUES | st.sampled_from(["RSA", "EC", "P-256", "RS256", "AQAB"]),
)


@given(st.binary() | st.lists(KEYS, max_size=3).map(lambda keys: json.dumps({"keys": keys}).encode()))
def test_any_key_set(content: bytes) -> None:
    """Any bytes are a key set or an error that can be told."""
    try:
        keys = key_set.read(content)
    except KeysUnavailableError:
        return
    assert all(key.algorithm_name in ("RS256", "ES256") for key in keys.values())
