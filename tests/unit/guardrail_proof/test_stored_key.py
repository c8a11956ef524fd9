"""The key of a secret is found in each form that the functions accept, and a short-term key is told by its beginning."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail_proof import stored_key


@pytest.mark.parametrize("text", ["ABSK-1", " ABSK-1\n", '{"api_key": "ABSK-1"}', ' {"api_key":" ABSK-1 "}'])
def test_the_key_of_a_secret(text: str) -> None:
    """A secret is the key itself, or an object with it."""
    assert stored_key.in_secret(text) == "ABSK-1"


@given(st.text().map("{{{}".format) | st.text() | st.just('{"a":' * 50_000))
def test_a_secret_without_a_key_is_a_value_error(text: str) -> None:
    """No secret has another end than a key or ValueError."""
    with contextlib.suppress(ValueError):
        assert isinstance(stored_key.in_secret(text), str)


def test_only_the_beginning_tells_a_short_term_key() -> None:
    """Long-term keys begin otherwise."""
    keys = ("bedrock-api-key-YmVk", "ABSKbedrock-api-key-", "")
    assert [stored_key.is_short_term(key) for key in keys] == [True, False, False]
