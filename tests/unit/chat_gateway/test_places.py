"""A refused request is told where the fault stands, and none of its words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway import chat_request, places, strict_json
from chat_gateway.errors import InvalidRequestError
from chat_gateway.guardrails import Guardrail, guarded

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
        ({"!": 1}, "the request"),
        ({"messages": []}, None),
    ],
)
def test_the_first_place_is_found(document: dict[str, Any], place: str | None) -> None:
    """Parameters are named, and a caller's own keys are not."""
    assert places.of_first(document, lambda text: text == "!") == place


@pytest.mark.parametrize(
    ("text", "key", "place"),
    [
        ('{"model": "a", "model": "b"}', "model", "the request"),
        ('{"messages": [{"role": "a"}, {"content": 1, "content": 2}]}', "content", "messages[1]"),
        ('{"a": {"my words": 1, "my words": 2}}', "*", "*"),
    ],
)
def test_a_repeated_key_is_named(text: str, key: str, place: str) -> None:
    """A key that is repeated is named where it is a parameter, and its object in any case."""
    assert places.of_repeated_key(text) == (key, place)
    with pytest.raises(InvalidRequestError, match="repeats a key") as caught:
        strict_json.loads_object(text.encode())
    assert f"{key!r} in {place}." in caught.value.message


def test_an_unpaired_surrogate_is_placed() -> None:
    """Half a character is told by its message."""
    document = {"messages": [TEXT, {**TEXT, "content": "caf\u00e9 \ud800"}]}
    with pytest.raises(InvalidRequestError, match="unpaired surrogate") as caught:
        strict_json.dumps(document)
    assert caught.value.param == "messages[1].content"


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
    """A guardrail's tag is told by where it stands, or by the message in which it comes about."""
    raw = json.dumps({"model": "m", "messages": [TEXT, message]}).encode()
    with pytest.raises(InvalidRequestError) as caught:
        guarded(Guardrail(identifier="a", version="1"), chat_request.parse(raw).document, {})
    assert (caught.value.code, caught.value.param) == ("guardrail_tag_not_allowed", place)


@given(st.recursive(st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_a_place_holds_no_word_of_the_callers(document: Any) -> None:
    """Whatever a document holds, a place is short and made of parameters, numbers and stars."""
    place = places.of_first(document, lambda text: True)
    assert place is None or (place.isascii() and len(place) <= 200)
