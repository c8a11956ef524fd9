"""A model's reasoning is separate from its content, however a stream divides them."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.completions import reasoning
from chat_gateway.completions.reasoning import StreamSeparator


@pytest.mark.parametrize(
    ("model", "is_marked"),
    [
        ("openai.gpt-oss-120b-1:0", True),
        ("us.openai.gpt-oss-20b-1:0", True),
        ("arn:aws:bedrock:us-east-1::foundation-model/openai.gpt-oss-20b-1:0", True),
        ("openai.gpt-5.6-sol", False),
        ("qwen.qwen3-32b-v1:0", False),
        ("x.y.openai.gpt-oss-", False),
        ("", False),
    ],
)
def test_only_marked_models_are_read(model: str, is_marked: bool) -> None:
    """The table's model families are recognised by ID, by inference profile and by ARN."""
    assert reasoning.is_in_content(model) is is_marked


def separated(content: str) -> tuple[object, object]:
    message: dict[str, Any] = {"role": "assistant", "content": content}
    reasoning.separate({"choices": [{"index": 0, "message": message}]})
    return message.get("reasoning_content"), message["content"]


@pytest.mark.parametrize(
    ("content", "thinking", "words"),
    [
        ("<reasoning>hm</reasoning>Paris", "hm", "Paris"),
        ("<reasoning>hm</reasoning>\n\nParis\n", "hm", "Paris\n"),
        ("<reasoning></reasoning>{}", "", "{}"),
        ("<reasoning>cut off", "cut off", ""),
        ("<reasoning>a</reasoning>b<reasoning>c</reasoning>", "a", "b<reasoning>c</reasoning>"),
        ("Paris <reasoning>hm</reasoning>", None, "Paris <reasoning>hm</reasoning>"),
        (" <reasoning>hm</reasoning>", None, " <reasoning>hm</reasoning>"),
        ("<reason>", None, "<reason>"),
        ("", None, ""),
    ],
)
def test_thinking_at_the_start_stands_apart(content: str, thinking: str | None, words: str) -> None:
    """A reasoning tag at the start is taken out with its text; a later tag is the model's own text."""
    assert separated(content) == (thinking, words)


@pytest.mark.parametrize("choices", [None, [], [1], [{"message": None}], [{"message": {"content": None}}]])
def test_what_has_no_content_stays(choices: object) -> None:
    """Tool calls, refusals and odd shapes are not changed."""
    assert not reasoning.separate({"choices": choices})
    assert not StreamSeparator().separate({"choices": choices})


def streamed(pieces: list[str], *, finishes: bool = True) -> tuple[str, str]:
    """The sums of a stream's deltas: reasoning and content."""
    separator, thinking, words = StreamSeparator(), "", ""
    chunks: list[dict[str, Any]] = [{"index": 0, "delta": {"content": piece}} for piece in pieces]
    if finishes:
        chunks.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    for choice in chunks:
        separator.separate({"choices": [choice]})
        thinking += choice["delta"].get("reasoning_content", "")
        words += choice["delta"].get("content", "")
    return thinking, words


TEXTS = st.one_of(
    st.text(alphabet="<reasoning>/ \n{", max_size=40),
    st.builds("<reasoning>{}</reasoning>{}".format, st.text(max_size=20), st.text(max_size=20)),
    st.builds("<reasoning>{}".format, st.text(alphabet="</reasoning>ab", max_size=30)),
)


@given(TEXTS, st.lists(st.integers(0, 60)))
def test_however_a_stream_is_cut_it_adds_up(content: str, cuts: list[int]) -> None:
    """A stream's deltas add up to the result of the same text in one piece."""
    marks = sorted({0, len(content), *(min(cut, len(content)) for cut in cuts)})
    pieces = [content[begin:end] for begin, end in itertools.pairwise(marks)]
    thinking, words = separated(content)
    assert streamed(pieces) == (thinking or "", words)


def test_choices_are_apart_from_each_other() -> None:
    """Each choice of a stream has its own tag."""
    separator = StreamSeparator()
    document: dict[str, Any] = {
        "choices": [
            {"index": 0, "delta": {"content": "<reasoning>a"}},
            {"index": 1, "delta": {"content": "b"}},
        ]
    }
    assert separator.separate(document)
    assert [choice["delta"] for choice in document["choices"]] == [
        {"reasoning_content": "a"},
        {"content": "b"},
    ]


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_any_shape_is_read_without_a_fault(value: Any) -> None:
    """Any value in place of a choice raises nothing, and the chunk can be written."""
    for choice in (
        value,
        {"index": value, "delta": value, "finish_reason": value},
        {"delta": {"content": value}},
    ):
        document = {"choices": [choice]}
        StreamSeparator().separate(document)
        reasoning.separate(document)
        json.dumps(document)
