"""Any JSON object is either a valid request or a refusal."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.bedrock_standin.converse.chat_body import chat_body
from local.bedrock_standin.converse_requests.request import ConverseRequest, read_request
from local.bedrock_standin.refusals import RefusalError
from tests.unit.bedrock_standin.converse.conftest import CLAUDE, TOOLS, assistant, tool_result, tool_use, user

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
VALID: dict[str, Any] = {
    "messages": [user("a"), assistant("b", tool_use()), user(tool_result(), "c")],
    "system": [{"text": "a"}, {"guardContent": {"text": {"text": "b", "qualifiers": ["query"]}}}],
    "toolConfig": TOOLS | {"toolChoice": {"auto": {}}},
    "inferenceConfig": {"maxTokens": 5, "temperature": 0, "stopSequences": ["a"]},
    "additionalModelRequestFields": {"thinking": {"type": "disabled"}, "top_k": 4},
    "outputConfig": {
        "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": '{"type": "string"}'}}}
    },
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values inside a JSON value."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [path, *(place for key in keys for place in places(value[key], (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy with another value at the path."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def test_the_valid_request_is_valid() -> None:
    """The request that the next test changes is valid."""
    assert isinstance(read_request(CLAUDE, VALID, stream=False), ConverseRequest)


@given(st.sampled_from(places(VALID)[1:]), ANYTHING, st.booleans())
def test_a_changed_request_is_valid_or_refused(path: tuple[Any, ...], new: Any, stream: bool) -> None:
    """With any value at any place, a request is refused, or can be translated for the generator."""
    with suppress(RefusalError):
        chat_body(read_request(CLAUDE, replaced(VALID, path, new), stream=stream))


@given(st.text(max_size=80))
def test_a_model_is_known_or_refused(model: str) -> None:
    """Any text as a model is known or refused."""
    with pytest.raises(RefusalError):
        read_request(f"{model}!", VALID, stream=False)
