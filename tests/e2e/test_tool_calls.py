"""Tool calls with the OpenAI SDK through the deployed stack."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import OpenAI

from tests.e2e.conftest import MODEL

WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
            "required": ["city", "unit"],
            "additionalProperties": False,
        },
    },
}
TIME: dict[str, Any] = {"type": "function", "function": {"name": "get_time"}}
ASKED: dict[str, Any] = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "Oslo"}],
    "tools": [TIME, WEATHER],
    "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
}
ARGUMENTS = {"city": "Oslo", "unit": "celsius"}


def test_a_named_tool_is_called(client: OpenAI) -> None:
    """The call has the tool's name, and arguments that the tool's schema allows."""
    (choice,) = client.chat.completions.create(**ASKED).choices
    (call,) = choice.message.tool_calls or []
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert (call.type, call.function.name) == ("function", "get_weather")
    assert json.loads(call.function.arguments) == ARGUMENTS


def test_a_streamed_call_is_put_together_by_the_sdk(client: OpenAI) -> None:
    """The SDK's own accumulator makes the same call from the deltas."""
    with client.chat.completions.stream(**ASKED) as stream:
        (choice,) = stream.get_final_completion().choices
    (call,) = choice.message.tool_calls or []
    assert choice.finish_reason == "tool_calls"
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", ARGUMENTS)


@pytest.mark.parametrize("model", [MODEL, "openai.gpt-oss-120b-1:0"])
def test_a_tools_result_goes_back(client: OpenAI, model: str) -> None:
    """The model answers when the caller sends the message with the call again, and the tool's result after it."""
    called = client.chat.completions.create(**ASKED | {"model": model}).choices[0].message
    (call,) = called.tool_calls or []
    result = {"role": "tool", "tool_call_id": call.id, "content": "Sunny"}
    sent = [*ASKED["messages"], called.model_dump(exclude_none=True), result]
    answering = ASKED | {"model": model, "messages": sent, "tool_choice": "none"}
    assert client.chat.completions.create(**answering).choices[0].message.content == "echo: Oslo"
