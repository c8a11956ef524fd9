"""The tag reader finds the tagged text and the remaining text, and changes nothing else."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from local.bedrock_standin.chat_completions.prompt_text import PromptText, Segment, read_tags
from local.bedrock_standin.generators.chat_body import text_of

OPEN, CLOSE = "<amazon-bedrock-guardrails-guardContent_ab>", "</amazon-bedrock-guardrails-guardContent_ab>"


def plain_segment(text: str) -> Segment:
    return Segment(text, tagged=False)


plain = st.text(st.characters(exclude_characters="<>"))


@given(st.lists(st.tuples(plain, plain)), plain)
def test_balanced_tags_split_the_text_exactly(pairs: list[tuple[str, str]], end: str) -> None:
    text = "".join(f"{before}{OPEN}{inside}{CLOSE}" for before, inside in pairs) + end
    expected = [
        segment
        for before, inside in pairs
        for segment in (plain_segment(before), Segment(inside, tagged=True))
    ]
    assert read_tags(text, "ab") == [*expected, plain_segment(end)]


@given(st.lists(st.one_of(plain, st.sampled_from([OPEN, CLOSE]))))
def test_the_segments_are_the_text_without_tags_whatever_their_order(pieces: list[str]) -> None:
    joined = "".join(segment.text for segment in read_tags("".join(pieces), "ab"))
    assert joined == "".join(piece for piece in pieces if piece not in (OPEN, CLOSE))


@given(st.text())
def test_text_without_tags_is_one_untagged_segment(text: str) -> None:
    assert read_tags(text, "ab") == [plain_segment(text)]


def test_tags_of_another_suffix_are_text() -> None:
    text = OPEN.replace("_ab", "_cd") + "x" + CLOSE.replace("_ab", "_cd")
    assert read_tags(text, "ab") == [plain_segment(text)]


def test_a_tag_without_its_partner_tags_nothing() -> None:
    assert not any(segment.tagged for segment in read_tags(f"{CLOSE}a{OPEN}b", "ab"))


def test_replaced_texts_go_back_where_they_stood() -> None:
    body: dict[str, Any] = {
        "messages": [
            {"role": "system", "content": "keep"},
            {"role": "user", "content": [{"type": "text", "text": f"a{OPEN}b{CLOSE}c{OPEN}d{CLOSE}"}]},
        ]
    }
    prompt = PromptText(body, "ab")
    assert prompt.guarded() == ["b", "d"]
    prompt.replace(["B", "D"])
    assert [text_of(message) for message in body["messages"]] == ["keep", "aBcD"]


def test_untagged_tools_and_calls_are_evaluated_too_and_stay_as_they_were() -> None:
    tool: dict[str, Any] = {"type": "function", "function": {"name": "f", "description": "about kryptonite"}}
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": calls},
    ]
    body: dict[str, Any] = {"messages": messages, "tools": [tool]}
    prompt = PromptText(body, None)
    texts = prompt.guarded()
    assert texts[0] == "hi"
    assert {"about kryptonite", '{"a": 1}'} < set(texts)
    prompt.replace([text.upper() for text in texts])
    assert text_of(messages[0]) == "HI"
    assert tool["function"]["description"] == "about kryptonite"


def test_with_tags_tools_are_not_evaluated() -> None:
    body = {"messages": [{"role": "user", "content": f"{OPEN}hi{CLOSE}"}], "tools": [{"description": "x"}]}
    assert PromptText(body, "ab").guarded() == ["hi"]
