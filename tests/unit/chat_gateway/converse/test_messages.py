"""Messages as turns, and the refusals of what is no conversation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.chat_gateway.converse.translations import (
    LLAMA,
    MISTRAL_7B,
    TITAN,
    UNSUPPORTED,
    assistant,
    body,
    call,
    calls,
    refusal,
    result,
    turns,
    user,
)

SYSTEM = {"role": "system", "content": "be nice"}
DEVELOPER = {"role": "developer", "content": [{"type": "text", "text": "be brief"}]}


def test_leading_system_prompts() -> None:
    """System and developer messages at the beginning become the system prompt, as strings and as parts."""
    assert body([SYSTEM, DEVELOPER, user()])["system"] == [{"text": "be nice"}, {"text": "be brief"}]
    assert "system" not in body([{"role": "system", "content": " "}, user()])


@pytest.mark.parametrize("late", [SYSTEM, DEVELOPER])
def test_a_later_system_prompt_is_refused(late: dict[str, Any]) -> None:
    """A system prompt behind another message is refused, since Converse has no place for it."""
    error = refusal([SYSTEM, user(), late, user()])
    assert (error.param, error.code) == ("messages[2].role", UNSUPPORTED)


@pytest.mark.parametrize(("model", "name"), [(TITAN, "Titan Text"), (MISTRAL_7B, "Mistral 7B")])
def test_a_family_without_system_prompt(model: str, name: str) -> None:
    """A family without a system prompt refuses one by the family's name, and takes a blank one."""
    error = refusal([SYSTEM, user()], model=model)
    assert (error.param, error.code) == ("messages[0]", UNSUPPORTED)
    assert name in error.message
    assert "system" not in body([{"role": "system", "content": ""}, user()], model=model)


def test_neighbours_become_one_turn() -> None:
    """Messages of one role, also around a dropped one, become one turn."""
    history = [user("a"), user("b"), assistant(" "), user("c"), assistant("d"), assistant("e"), user("f")]
    assert [[block["text"] for block in content] for _, content in turns(history)] == [
        ["a", "b", "c"],
        ["d", "e"],
        ["f"],
    ]


def test_results_come_before_earlier_text() -> None:
    """A user's text between a call and its result stands behind the result."""
    (_, content) = turns([user(), calls(call()), user("Wait"), result()])[2]
    assert [next(iter(block)) for block in content] == ["toolResult", "text"]


def test_texts_come_before_calls() -> None:
    """An answer's text behind its calls stands before them."""
    (_, content) = turns([user(), calls(call()), assistant("Well"), result()])[1]
    assert [next(iter(block)) for block in content] == ["text", "toolUse"]


def test_an_id_may_be_used_again() -> None:
    """A client that gives every turn's call the same id is understood; Converse gets two ids."""
    round_ = [calls(call("call_0")), result("call_0")]
    sent = [block for _, content in turns([user(), *round_, *round_]) for block in content]
    ids = [block["toolUse"]["toolUseId"] for block in sent if "toolUse" in block]
    assert ids == [block["toolResult"]["toolUseId"] for block in sent if "toolResult" in block]
    assert ids[0] == "call_0" != ids[1]


def test_an_odd_id_is_replaced() -> None:
    """An id with characters that Converse refuses is replaced in the call and in its result."""
    sent = turns([user(), calls(call("fc/1 é")), result("fc/1 é")])
    (id_,) = {sent[1][1][0]["toolUse"]["toolUseId"], sent[2][1][0]["toolResult"]["toolUseId"]}
    assert id_.startswith("fc_1__")


def test_the_last_answers_blanks_are_cut() -> None:
    """Blanks at the end of a last assistant's text are cut off, and no others."""
    sent = turns([user("a \n"), assistant("b "), user("c "), assistant("It is \n")])
    assert [content[0]["text"] for _, content in sent] == ["a \n", "b ", "c ", "It is"]


def test_a_refusal_is_text() -> None:
    """An assistant's refusal, as a field or a part, is a text of its turn."""
    part = {"type": "refusal", "refusal": "No"}
    sent = turns([user(), assistant([part], refusal="Never"), user()])
    assert sent[1][1] == [{"text": "No"}, {"text": "Never"}]


def test_what_an_answer_repeats_is_ignored() -> None:
    """Fields of an earlier answer that Converse has no place for are ignored."""
    fields: dict[str, Any] = {
        "name": "x",
        "annotations": [{}],
        "audio": None,
        "function_call": None,
        "tool_calls": [],
    }
    reasons = {
        "reasoning_content": "hm",
        "reasoning": "hm",
        "thinking_blocks": [{}],
        "reasoning_details": [{}],
    }
    assert turns([user(), assistant("b", **fields, **reasons), user()])[1][1] == [{"text": "b"}]


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([assistant("x")], "messages[0]"),
        ([SYSTEM, user(" "), assistant("x"), user()], "messages[2]"),
        ([user(" ")], "messages"),
        ([SYSTEM], "messages"),
        ([result()], "messages[0].tool_call_id"),
        ([user(), assistant("x"), result()], "messages[2].tool_call_id"),
        ([user(), calls(call()), result("c2")], "messages[2].tool_call_id"),
        ([user(), calls(call()), result(), result()], "messages[3].tool_call_id"),
        ([user(), calls(call()), result(), assistant("x"), result()], "messages[4].tool_call_id"),
        ([user(), calls(call()), {**result(), "tool_call_id": 7}], "messages[2].tool_call_id"),
        ([user(), calls(call())], "messages"),
        ([user(), calls(call("a"), call("b")), result("a")], "messages"),
        ([user(), calls(call()), user("x"), assistant("y")], "messages[3]"),
        ([user(), calls(call(), call()), result()], "messages[1].tool_calls[1].id"),
        ([user(), calls(call("")), result("")], "messages[1].tool_calls[0].id"),
        ([user(), calls(call(name="")), result()], "messages[1].tool_calls[0].function.name"),
        ([user(), assistant(tool_calls={})], "messages[1].tool_calls"),
        ([user(), assistant(tool_calls=[7])], "messages[1].tool_calls[0]"),
        ([user(), assistant(tool_calls=[{"id": "c"}])], "messages[1].tool_calls[0].function"),
        ([user(), assistant(tool_calls=[{**call(), "type": "custom"}])], "messages[1].tool_calls[0].type"),
        ([user(), assistant(tool_calls=[{**call(), "x": 1}])], "messages[1].tool_calls[0].x"),
        ([user(), assistant("x", refusal=7)], "messages[1].refusal"),
        ([user(), assistant("x", audio={"id": "a"})], "messages[1].audio"),
        ([user(), assistant("x", function_call={"name": "f"})], "messages[1].function_call"),
        ([user(), {"role": "function", "name": "f", "content": "x"}], "messages[1].role"),
        ([user(), {"role": "critic", "content": "x"}], "messages[1].role"),
        ([{"content": "x"}], "messages[0].role"),
        ([{"role": ["user"], "content": "x"}], "messages[0].role"),
        (["x"], "messages[0]"),
        ([None], "messages[0]"),
        ([{**user(), "tool_calls": [call()]}], "messages[0].tool_calls"),
        ([{**user(), "guardContent": 1}], "messages[0].guardContent"),
    ],
)
def test_no_conversation(messages: list[Any], param: str) -> None:
    """What is no conversation, or has no place on Converse, is refused by its place."""
    assert refusal(messages).param == param


def test_calls_need_a_family_with_tools() -> None:
    """Earlier calls are refused by the name of a family without tools."""
    error = refusal([user(), calls(call()), result()], model=TITAN)
    assert (error.param, error.code) == ("messages[1].tool_calls[0]", UNSUPPORTED)
    assert "Titan Text" in error.message


def test_llama_takes_results_alone() -> None:
    """Llama gets a turn of results, and a user's text behind the answer."""
    assert len(turns([user(), calls(call()), result()], model=LLAMA)) == 3
    error = refusal([user(), calls(call()), user("Wait"), result()], model=LLAMA)
    assert error.param == "messages[3]"
