"""Marks for prompt caching are removed where a model refuses them."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.completions.cache_control import without_cache_control
from tests.unit.chat_gateway.chat_requests import VALID

MARK = {"cache_control": {"type": "ephemeral"}}
json_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["content", "cache_control", "text"]), inner, max_size=3)
    ),
    max_leaves=9,
)


def test_marks_are_removed_from_parts_and_tools() -> None:
    """Marks on parts of content and on tools are removed, and nothing else; the request stays as it was."""
    part: dict[str, Any] = {"type": "text", "text": "cache_control"}
    tool = {"type": "function", "function": {"name": "f", "parameters": {"properties": MARK}}}
    clean = {
        **VALID,
        "messages": [{"role": "user", "content": [part, part]}, *VALID["messages"]],
        "tools": [tool],
    }
    document = copy.deepcopy(clean)
    document["messages"][0]["content"][1] |= MARK
    document["tools"][0] |= MARK
    before = copy.deepcopy(document)
    assert without_cache_control(document) == clean
    assert document == before


def test_a_request_without_marks_is_not_copied() -> None:
    """A request without marks is returned itself."""
    assert without_cache_control(VALID) is VALID


@given(json_values, json_values)
def test_any_json_has_its_marks_removed(messages: Any, tools: Any) -> None:
    """Any JSON is accepted and not changed, and removing marks twice changes nothing more."""
    document = {"messages": messages, "tools": tools}
    before = copy.deepcopy(document)
    once = without_cache_control(document)
    assert document == before
    assert without_cache_control(once) is once
