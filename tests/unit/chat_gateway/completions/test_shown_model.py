"""The caller's name in place of the model that answered."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.completions import shown_model
from chat_gateway.completions.stream import ChatStream, StreamRules

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just("a.b-1:0"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["model", "x", '"model":"a.b-1:0"']), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    rest=st.dictionaries(st.sampled_from(["id", "x", '"model": "a.b-1:0"']), _json, max_size=3),
    said=_json,
    model=st.sampled_from(["fast", "meta-llama/Llama-3", "a.b-1:0"]),
    separators=st.sampled_from([(",", ":"), (", ", ": ")]),
)
def test_only_the_model_changes(
    rest: dict[str, Any], said: Any, model: str, separators: tuple[str, str]
) -> None:
    """The text, as text and as bytes, has the answer with the other model and nothing else changed; or it is not used."""
    document = {**rest, "model": said}
    text = json.dumps(document, separators=separators)
    expected = {**rest, "model": model}
    written = shown_model.text_with_model(text, dict(document), model)
    assert written is None or json.loads(written) == expected
    in_bytes = shown_model.bytes_with_model(text.encode(), document, model)
    assert document == expected
    assert in_bytes == (None if written is None else written.encode())


@pytest.mark.parametrize(
    "text", ['{"model" :"a.b-1:0","x":{"model":"a.b-1:0"}}', '{"x":{"model":"a.b-1:0"},"model":"a.b-1:0"}']
)
def test_a_member_of_another_object(text: str) -> None:
    """However its members are written, an inner object's model stays."""
    document = json.loads(text)
    assert shown_model.text_with_model(text, document, "fast") is None
    assert shown_model.bytes_with_model(text.encode(), json.loads(text), "fast") is None
    assert (document["model"], document["x"]["model"]) == ("fast", "a.b-1:0")


def test_a_long_name_is_not_kept() -> None:
    """What Bedrock calls its model cannot fill the memory of the process."""
    said = "".join(["m"] * 100_000)
    references = sys.getrefcount(said)
    text = f'{{"model":"{said}"}}'
    assert shown_model.text_with_model(text, {"model": said}, "fast") is None
    assert shown_model.bytes_with_model(text.encode(), {"model": said}, "fast") is None
    assert sys.getrefcount(said) == references


@given(st.lists(st.text(), max_size=6), st.booleans())
def test_every_event(words: list[str], has_tier: bool) -> None:
    """Every event of a stream has the caller's name, also with another correction, and the words stay."""
    tier = {"service_tier": "standard"} if has_tier else {}
    choices = [{"index": 0, "delta": {"content": word}, "finish_reason": None} for word in words]
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    documents = [{"id": "c", "model": "a.b-1:0", **tier, "choices": [choice]} for choice in [*choices, end]]
    events = [b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents]
    stream = ChatStream([*events, b"data: [DONE]\n\n"], StreamRules(model="fast"), bedrock_request_id=None)
    relayed = [json.loads(event[6:]) for event in b"".join(stream.relay()).split(b"\n\n")[:-2]]
    assert [document["model"] for document in relayed] == ["fast"] * len(documents)
    assert [document["choices"] for document in relayed] == [document["choices"] for document in documents]
