"""A request's size is estimated before it is sent."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.client_policies import estimate
from chat_gateway.client_policies.estimate import MEDIUM_TOKENS, Estimate
from chat_gateway.core.errors import InvalidRequestError

JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@pytest.mark.parametrize(("size", "tokens"), [(0, 0), (1, 1), (4, 1), (5, 2), (400, 100)])
def test_text(size: int, tokens: int) -> None:
    """A token is four bytes of the request, rounded up."""
    assert estimate.of({}, b" " * size) == Estimate(tokens, 0, size)


def test_media() -> None:
    """An image in base64 has a number of tokens of its own, whatever its size, and no characters."""
    images = [base64.b64encode(bytes([byte]) * size).decode() for byte, size in ((1, 3000), (255, 60_000))]
    content = json.dumps({"images": [f"data:image/png;base64,{image}" for image in images]}).encode()
    characters = len(content) - sum(map(len, images))
    size = estimate.of({}, content)
    assert size.prompt_characters == characters
    assert size.prompt_tokens == 2 * MEDIUM_TOKENS + -(-characters // 4)


@pytest.mark.parametrize("text", ["word " * 2000, "a" * 1999, "é" * 4000, "x-" * 2000])
def test_text_is_no_medium(text: str) -> None:
    """Text with blanks or signs is no medium, and a short piece without them is none either."""
    content = json.dumps(text).encode()
    assert estimate.of({}, content).prompt_characters == len(content)


@pytest.mark.parametrize(
    ("document", "tokens"),
    [
        ({}, 0),
        ({"max_tokens": 7}, 7),
        ({"max_completion_tokens": 7}, 7),
        ({"max_tokens": 7, "max_completion_tokens": 9}, 9),
        ({"max_tokens": 9, "max_completion_tokens": 7}, 9),
        ({"max_tokens": None, "max_completion_tokens": 7}, 7),
        ({"max_tokens": True}, 0),
        ({"max_tokens": "7"}, 0),
        ({"max_tokens": 7, "n": None}, 7),
        ({"max_tokens": 7, "n": 1}, 7),
        ({"max_tokens": 7, "n": 128}, 896),
    ],
)
def test_output(document: dict[str, Any], tokens: int) -> None:
    """An answer has at most the larger limit's tokens for each choice."""
    size = estimate.of(document, b"")
    assert (size.completion_tokens, size.tokens) == (tokens, tokens)


@pytest.mark.parametrize("n", [0, -1, 129, 1.0, 2.5, True, "2", [], {}])
def test_bad_number_of_choices(n: object) -> None:
    """Choices that cannot be counted are refused with 400, naming the parameter."""
    with pytest.raises(InvalidRequestError) as refused:
        estimate.of({"n": n}, b"")
    assert (refused.value.status, refused.value.param, refused.value.code) == (400, "n", "invalid_type")


@given(
    st.dictionaries(st.sampled_from(["max_tokens", "max_completion_tokens", "n"]), JSON),
    st.binary(max_size=200) | st.integers(1990, 4010).map(lambda size: b"A" * size),
)
def test_any_request(document: dict[str, Any], content: bytes) -> None:
    """Every request has an estimate or a refusal, and text is counted whole."""
    try:
        size = estimate.of(document, content)
    except InvalidRequestError:
        return
    assert size.prompt_tokens >= (1 if content else 0)
    assert 0 <= size.prompt_characters <= len(content)
    assert size.tokens == size.prompt_tokens + size.completion_tokens
