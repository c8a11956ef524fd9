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


def asking(*parts: object) -> tuple[dict[str, Any], bytes]:
    """A document whose message has these parts, and what is sent."""
    document = {"messages": [{"role": "user", "content": list(parts)}]}
    return document, json.dumps(document).encode()


@pytest.mark.parametrize(
    ("kind", "name", "head"),
    [
        ("image_url", "url", "data:image/png;base64,"),
        ("input_audio", "data", ""),
        ("file", "file_data", "data:application/pdf;base64,"),
    ],
)
def test_media(kind: str, name: str, head: str) -> None:
    """A medium in base64 has a number of tokens of its own, whatever its size, and no characters."""
    media = [base64.b64encode(bytes([byte]) * size).decode() for byte, size in ((1, 3000), (255, 60_000))]
    document, content = asking(*({"type": kind, kind: {name: head + medium}} for medium in media))
    characters = len(content) - sum(map(len, media))
    size = estimate.of(document, content)
    assert size.prompt_characters == characters
    assert size.prompt_tokens == 2 * MEDIUM_TOKENS + -(-characters // 4)


@pytest.mark.parametrize(
    "part",
    [
        "A" * 90_000,
        {"type": "text", "text": "data:image/png;base64," + "A" * 90_000},
        {"type": "image_url", "image_url": {"url": "https://example.com/" + "a" * 90_000 + ".png"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 1999}},
        {"type": "image_url", "image_url": {"url": None, "detail": "A" * 90_000}},
        {"type": "image_url", "image_url": "A" * 90_000},
    ],
)
def test_text_is_no_medium(part: object) -> None:
    """Text counts whole, also if it looks like base64, and so does what is no medium."""
    document, content = asking(part)
    assert estimate.of(document, content).prompt_characters == len(content)


@pytest.mark.parametrize("messages", [None, [None], ["A"], [{"content": "A" * 3000}], [{"content": 1}]])
def test_messages_without_parts(messages: object) -> None:
    """Messages without a list of parts have no media."""
    assert estimate.of({"messages": messages}, b" " * 3000).prompt_characters == 3000


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
    """Choices that cannot be counted are refused with 400, naming the parameter; the estimate counts one."""
    with pytest.raises(InvalidRequestError) as refused:
        estimate.check_choices({"n": n})
    assert estimate.of({"max_tokens": 7, "n": n}, b"").completion_tokens == 7
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
