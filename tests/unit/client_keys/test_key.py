"""API Gateway lets a key through, and logs do not show it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.core import foreign_text
from client_keys import key as client_key
from client_keys import table
from client_keys.key import AUTHORIZATION
from tests.unit.client_keys.wrong_keys import wrong_keys

SOURCES = Path(__file__).parents[3] / "lambda_src"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
def test_new_key_passes_api_gateway(scheme: str) -> None:
    """Every new key passes API Gateway's check before the authorizer."""
    assert re.search(AUTHORIZATION, f"{scheme} {table.new_key()}")


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer short", "Basic " + "x" * 40, "Bearer \u00e9" * 20]
)
def test_what_is_no_key_is_stopped(authorization: str) -> None:
    """Text that cannot be a key is refused without the authorizer."""
    assert not re.search(AUTHORIZATION, authorization)


def test_new_key_is_masked_in_logs() -> None:
    """A key in a path is recognised and not logged."""
    key = table.new_key()
    assert key not in (foreign_text.path(f"/v1/{key}") or "")


def test_key_brings_no_random_numbers() -> None:
    """The authorizer imports the form of a key, and no code that makes new keys."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import client_keys.key; print(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-c", code, str(SOURCES)]
    modules = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert {"client_keys.table", "secrets", "datetime"}.isdisjoint(modules)


@given(st.binary(min_size=32, max_size=32))
def test_keys_are_well_formed(random: bytes) -> None:
    """Every key of 32 random bytes has 56 characters, passes API Gateway and has its checksum."""
    key = client_key.from_random(random)
    assert len(key) == 56
    assert re.fullmatch(AUTHORIZATION, f"Bearer {key}")
    assert client_key.is_well_formed(key)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_different_bytes_make_different_keys(one: bytes, other: bytes) -> None:
    """A key holds all its random bytes."""
    assert (client_key.from_random(one) == client_key.from_random(other)) == (one == other)


_KEYS = st.binary(min_size=32, max_size=32).map(client_key.from_random)
_EARLIER_KEYS = st.from_regex(r"bcg-[\w-]{43}", fullmatch=True)


@given(_KEYS | _EARLIER_KEYS | st.text() | st.from_regex(r"s?k?-?bcg-.*"))
def test_what_is_well_formed_passes_api_gateway(text: str) -> None:
    """Nothing has the form of a key that API Gateway would refuse."""
    if client_key.is_well_formed(text):
        assert re.fullmatch(AUTHORIZATION, f"Bearer {text}")


def test_ten_thousand_wrong_keys() -> None:
    """Of 10,000 keys that are nearly right, none is well formed."""
    assert not any(client_key.is_well_formed(key) for key in wrong_keys(10_000))


@given(_KEYS)
def test_both_headers_hold_a_key(key: str) -> None:
    """What a client sends in the header that an environment chose passes API Gateway's pattern of it, and of no other."""
    for header in ("authorization", "api-key"):
        (value,) = client_key.headers(key, header).values()
        others = client_key.pattern("api-key" if header == "authorization" else "authorization")
        assert re.fullmatch(client_key.pattern(header), value)
        assert not re.fullmatch(others, value)
