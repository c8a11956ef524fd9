"""Cache points for prompt caching."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.chat_gateway.converse.translations import (
    CLAUDE,
    CLAUDE_3,
    LLAMA,
    NOVA,
    body,
    call,
    calls,
    refusal,
    result,
    tool,
    user,
)

MARK = {"cache_control": {"type": "ephemeral"}}
POINT = {"cachePoint": {"type": "default"}}


def marked(text: str, **mark: Any) -> dict[str, Any]:
    return {"type": "text", "text": text, **(mark or MARK)}


def test_a_mark_becomes_a_point_behind_its_block() -> None:
    """A marked part of a system prompt, a user, an answer and a result has a cache point behind it."""
    history = [
        {"role": "system", "content": [marked("be nice")]},
        user([marked("a"), {"type": "text", "text": "b"}]),
        calls(call(), content=[marked("c")]),
        result(content=[marked("d")]),
    ]
    sent = body(history)
    assert sent["system"] == [{"text": "be nice"}, POINT]
    contents = [turn["content"] for turn in sent["messages"]]
    assert contents[0] == [{"text": "a"}, POINT, {"text": "b"}]
    assert contents[1][:2] == [{"text": "c"}, POINT]
    assert contents[2] == [{"toolResult": {"toolUseId": "c1", "content": [{"text": "d"}]}}, POINT]


def test_the_last_four_points_count() -> None:
    """Of more than four marks, the last four in the order of tools, system and messages become cache points."""
    history = [
        {"role": "system", "content": [marked("s")]},
        user([marked("1"), marked("2")]),
        calls(call(), content=[marked("3")]),
        result(content=[marked("4")]),
    ]
    sent = body(history, tools=[tool() | MARK])
    assert sent["toolConfig"]["tools"] == [sent["toolConfig"]["tools"][0]]
    assert sent["system"] == [{"text": "s"}]
    assert [turn["content"].count(POINT) for turn in sent["messages"]] == [2, 1, 1]


@pytest.mark.parametrize(("model", "has_point"), [(CLAUDE, True), (NOVA, False), (LLAMA, False)])
def test_points_behind_tools(model: str, has_point: bool) -> None:
    """Claude has cache points behind tools, Nova has not."""
    tools = body(tools=[tool() | MARK], model=model)["toolConfig"]["tools"]
    assert (POINT in tools) is has_point


@pytest.mark.parametrize(("model", "has_point"), [(NOVA, True), (CLAUDE_3, False), (LLAMA, False)])
def test_marks_are_dropped_without_caching(model: str, has_point: bool) -> None:
    """A family without prompt caching gets the text without the mark."""
    sent = body([user([marked("a")])], model=model)["messages"][0]["content"]
    assert sent == [{"text": "a"}, *([POINT] if has_point else [])]


def test_a_blank_text_has_no_point() -> None:
    """A blank text is dropped with its mark."""
    assert body([user([marked("a", x=None), marked(" ")])])["messages"][0]["content"] == [{"text": "a"}]


def test_an_hour() -> None:
    """The time to live goes up."""
    control = {"type": "ephemeral", "ttl": "1h"}
    sent = body([user([marked("a", cache_control=control)])])["messages"][0]["content"]
    assert sent[1] == {"cachePoint": {"type": "default", "ttl": "1h"}}


@pytest.mark.parametrize(
    ("control", "place"),
    [
        ("x", ""),
        ({}, ".type"),
        ({"type": "persistent"}, ".type"),
        ({"type": "ephemeral", "ttl": "2h"}, ".ttl"),
        ({"type": "ephemeral", "ttl": []}, ".ttl"),
        ({"type": "ephemeral", "scope": "x"}, ".scope"),
    ],
)
def test_other_marks_are_refused(control: object, place: str) -> None:
    """A mark that is not `ephemeral`, or has another time to live, is refused."""
    error = refusal([user([marked("a", cache_control=control)])])
    assert error.param == f"messages[0].content[0].cache_control{place}"
