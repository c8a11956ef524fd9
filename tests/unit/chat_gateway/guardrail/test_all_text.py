"""Under `all_text` the guardrail checks everything in a request except the places that the guide lists."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.core import strict_json
from chat_gateway.guardrail import prompt_strings
from chat_gateway.guardrail import tags as guardrail_tags
from chat_gateway.guardrail.settings import Tagging
from tests.unit.chat_gateway.any_requests import EXEMPT_PARAMETERS, fields, messages
from tests.unit.chat_gateway.tagged_texts import texts_in_tags

GUIDE = Path(__file__).parents[4] / "docs" / "guardrails.md"
MEDIA = {("image_url", "url"), ("input_audio", "data"), ("file", "file_data")}

Place = tuple[str | int, ...]


def strings_in(value: object, path: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every string and every key with its place; a key has the place of its value."""
    if isinstance(value, str):
        yield path, value
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield (*path, key, "(key)"), key
        yield from strings_in(inner, (*path, key))
    for index, inner in enumerate(value if isinstance(value, list) else ()):
        yield from strings_in(inner, (*path, index))


def checkable(document: dict[str, Any], path: Place, string: str) -> str:
    """The part of a string that must be inside a tag."""
    is_name_of_a_field = len(path) == 2 and path[1] == "(key)"
    if is_name_of_a_field or path[0] in EXEMPT_PARAMETERS or string in prompt_strings._FORMAT_WORDS:
        return ""
    if len(path) == 6 and path[:1] + path[2:3] == ("messages", "content") and path[4:] in MEDIA:
        _, index, _, at, kind, _ = path
        if document["messages"][index]["content"][at].get("type") == kind:
            return without_base64(string, is_url=kind == "image_url")
    return string


def without_base64(string: str, *, is_url: bool) -> str:
    head, _, payload = string.rpartition(",")
    try:
        is_base64 = len(base64.b64decode(payload, validate=True)) > 0
    except ValueError:
        is_base64 = False
    if not is_base64 or not re.fullmatch("data:[^ ,]{1,100};base64" + ("" if is_url else "|"), head):
        return string
    return "" if head in prompt_strings._COMMON_HEADS else head


@given(st.lists(messages, min_size=1, max_size=3), fields)
def test_all_text_leaves_nothing_out(conversation: list[dict[str, Any]], more: dict[str, Any]) -> None:
    """Under `all_text` every string of a request is inside a tag, except in the places that the docs list."""
    document = more | {"model": "m", "messages": conversation}
    result = guardrail_tags.tagged(document, Tagging.ALL_TEXT, "s1")
    strict_json.dumps(result or document)
    checked = "\n".join(texts_in_tags(result)) if result else ""
    said = [checkable(document, path, string) for path, string in strings_in(document)]
    assert [string for string in said if string.strip() and string not in checked] == []


def test_exempt_parameters_are_documented() -> None:
    """The guide lists every parameter whose value is not checked, and only those."""
    assert prompt_strings._NO_PROMPT == EXEMPT_PARAMETERS
    documented = GUIDE.read_text()
    assert [name for name in EXEMPT_PARAMETERS if f"`{name}`" not in documented] == []
