"""The echo's tool calls."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.bedrock_standin.conftest import Ask

TOOLS = [
    {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}},
    {"type": "function", "function": {"name": "other"}},
]


def test_the_first_function_is_called_with_the_last_user_text(ask: Ask) -> None:
    choice = ask('say "héllo"', tools=TOOLS, tool_choice="auto", max_tokens=1).json()["choices"][0]
    (call,) = choice["message"].pop("tool_calls")
    assert choice == {
        "finish_reason": "tool_calls",
        "index": 0,
        "message": {"content": None, "role": "assistant"},
    }
    assert re.fullmatch(r"call_[0-9a-f]{24}", call["id"])
    assert (call["type"], call["function"]["name"]) == ("function", "look_up")
    assert json.loads(call["function"]["arguments"]) == {"echo": 'say "héllo"'}


@pytest.mark.parametrize("guarding", [False, True])
@pytest.mark.parametrize("text", ["hello", "hello there  you", ""])
def test_a_streamed_call_is_its_head_then_its_arguments_in_parts(
    ask: Ask, guarded: dict[str, str], text: str, *, guarding: bool
) -> None:
    response = ask(text, stream=True, tools=TOOLS, headers=guarded if guarding else {})
    *events, done, _ = response.text.split("\n\n")
    assert done == "data: [DONE]"
    choices = [json.loads(event.removeprefix("data: "))["choices"][0] for event in events]
    role, head, *parts, finish = choices
    assert role["delta"] == {"role": "assistant"}
    (call,) = head["delta"]["tool_calls"]
    assert call.pop("id").startswith("call_")
    assert call == {"index": 0, "type": "function", "function": {"name": "look_up", "arguments": ""}}
    assert len(parts) >= 2
    calls = [part["delta"]["tool_calls"][0] for part in parts]
    assert {(call["index"], *call) for call in calls} == {(0, "index", "function")}
    assert json.loads("".join(call["function"]["arguments"] for call in calls)) == {"echo": text}
    assert (finish["delta"], finish["finish_reason"]) == ({}, "tool_calls")


@pytest.mark.parametrize("changes", [{"tools": TOOLS, "tool_choice": "none"}, {"tools": []}])
def test_without_a_function_to_call_the_echo_is_text(ask: Ask, changes: dict[str, Any]) -> None:
    """The echo answers in words if `tool_choice` is `none` or there are no tools."""
    choice = ask("hi", **changes).json()["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("echo: hi", "stop")


@pytest.mark.parametrize(
    ("choice", "name"),
    [("required", "look_up"), ({"type": "function", "function": {"name": "other"}}, "other")],
)
def test_a_required_or_named_tool_is_called(ask: Ask, choice: object, name: str) -> None:
    """The echo calls the named tool, or the first tool if one is required."""
    (call,) = ask("hi", tools=TOOLS, tool_choice=choice).json()["choices"][0]["message"]["tool_calls"]
    assert call["function"]["name"] == name


def test_a_tool_without_parameters_gets_none(ask: Ask) -> None:
    """A function without `parameters` is called without arguments."""
    (call,) = ask("hi", tools=TOOLS[1:]).json()["choices"][0]["message"]["tool_calls"]
    assert call["function"]["arguments"] == "{}"


@pytest.mark.parametrize(
    "changes",
    [
        {"tools": "look_up"},
        {"tools": ["look_up"]},
        {"tools": [{"type": "function"}]},
        {"tools": [{"type": "custom", "function": {"name": "f"}}]},
        {"tools": [{"type": "function", "function": {"name": 5}}]},
        {"tools": [{"type": "function", "function": {"name": "two words"}}]},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": ["a"]}}]},
        {"tool_choice": "required"},
        {"tools": [], "tool_choice": "auto"},
        {"tools": TOOLS, "tool_choice": "any"},
        {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "unknown"}}},
    ],
)
def test_ill_formed_tools_are_400(ask: Ask, changes: dict[str, Any]) -> None:
    """No tool is called that was not offered, and no tool is offered that cannot be called."""
    response = ask(**changes)
    assert response.status_code == 400
    assert "tool" in response.json()["error"]["message"]
