"""The error of a refused request says where the fault is, without the request's words."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.completions import request as chat_request
from chat_gateway.core import places, strict_json
from chat_gateway.core.errors import InvalidRequestError
from chat_gateway.guardrail.rule import apply
from chat_gateway.guardrail.settings import Guardrail

TAG = "amazon-bedrock-guardrails-guardContent_x"
TEXT = {"role": "user", "content": "hi"}


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"messages": [TEXT, {**TEXT, "content": "!"}]}, "messages[1].content"),
        ({"messages": [{"content": [{"type": "text", "text": "!"}]}]}, "messages[0].content[0].text"),
        (
            {"tools": [{"function": {"parameters": {"properties": {"secret": {"type": "!"}}}}}]},
            "tools[0].function.parameters.properties.*.type",
        ),
        ({"mine": {"!": 1}}, "*"),
        ({"!": 1}, ""),
        ({"messages": []}, None),
    ],
)
def test_the_first_place_is_found(document: dict[str, Any], place: str | None) -> None:
    """A place names parameters, and stars in place of a caller's own keys."""
    assert places.of_first(document, lambda text: text == "!") == place


@pytest.mark.parametrize(
    ("text", "key", "place"),
    [
        ('{"model": "a", "model": "b"}', "model", ""),
        ('{"messages": [{"role": "a"}, {"content": 1, "content": 2}]}', "content", "messages[1]"),
        ('{"a": {"my words": 1, "my words": 2}}', "*", "*"),
    ],
)
def test_a_repeated_key_is_named(text: str, key: str, place: str) -> None:
    """A repeated key is named if it is a parameter, and its object is always named."""
    assert places.of_repeated_key(text) == (key, place)
    with pytest.raises(InvalidRequestError, match="repeats a key") as caught:
        strict_json.loads_object(text.encode())
    assert f"{key!r} in {place or 'the request'}." in caught.value.message
    assert caught.value.param == (place or None)


def test_an_unpaired_surrogate_is_placed() -> None:
    """The error for an unpaired surrogate names the field that holds it."""
    document = {"messages": [TEXT, {**TEXT, "content": "caf\u00e9 \ud800"}]}
    with pytest.raises(InvalidRequestError, match="unpaired surrogate") as caught:
        strict_json.dumps(document)
    assert caught.value.param == "messages[1].content"
    with pytest.raises(InvalidRequestError, match="in the request\\.") as caught:
        strict_json.dumps({"\ud800": 1})
    assert caught.value.param is None


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ({"role": "user", "content": f"<{TAG}>"}, "messages[1].content"),
        (
            {"role": "user", "content": [{"type": "text", "text": t} for t in (f"<{TAG[:9]}", TAG[9:])]},
            "messages[1]",
        ),
    ],
)
def test_a_tag_is_placed(message: dict[str, Any], place: str) -> None:
    """The error for a guardrail's tag names the field, or the message whose parts form the tag."""
    raw = json.dumps({"model": "m", "messages": [TEXT, message]}).encode()
    with pytest.raises(InvalidRequestError) as caught:
        apply(Guardrail(identifier="a", version="1"), chat_request.parse(raw).document, {})
    assert (caught.value.code, caught.value.param) == ("guardrail_tag_not_allowed", place)


@given(st.recursive(st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_a_place_holds_no_word_of_the_callers(document: Any) -> None:
    """A place is short and made of parameters, numbers and stars, for any document."""
    place = places.of_first(document, lambda text: True)
    assert place is None or (place.isascii() and len(place) <= 200)


def deep_and_wide(last: str) -> str:
    """JSON of 200 KB with 50,000 values at depth 90, and `last` after all of them."""
    return '{"messages":' + "[" * 90 + "[]," * 50_000 + last + "]" * 90 + "}"


@pytest.mark.no_cover  # other tests cover these lines, and their trace would take most of the time
@pytest.mark.parametrize(
    ("last", "place"),
    [
        ('{"role":1,"role":2}', lambda text: places.of_repeated_key(text)),
        ('"!"', lambda text: places.of_first(json.loads(text), lambda text: text == "!")),
    ],
)
def test_a_place_needs_no_memory(last: str, place: Callable[[str], object]) -> None:
    """Finding a place takes little more memory than the document, since the worker has other jobs."""
    text = deep_and_wide(last)
    tracemalloc.start()
    try:
        json.loads(text)
        document_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        assert place(text) is not None
        assert tracemalloc.get_traced_memory()[1] < 2 * document_bytes
    finally:
        tracemalloc.stop()
