"""Forced tool calls, for a model that does not call tools by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from local.bedrock_standin.generators.completion import Completion, usage_of
from local.bedrock_standin.generators.forced_tool_calls import ForcedToolCalls
from local.bedrock_standin.refusals import RefusalError

JsonObject = dict[str, Any]


def tool(name: str, parameters: JsonObject | None = None) -> JsonObject:
    """A tool in the form that callers send."""
    function = {"name": name, "description": f"What {name} does."}
    return {"type": "function", "function": function | ({"parameters": parameters} if parameters else {})}


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
BODY = {
    "model": "openai.gpt-oss-20b-1:0",
    "messages": [{"role": "user", "content": "Weather in Oslo?"}],
    "tools": [tool("weather", SCHEMA)],
    "tool_choice": "required",
    "max_tokens": 9,
    "stop": ["}"],
}


class Scripted:
    """A generator that gives scripted answers, and keeps its requests."""

    def __init__(self, *said: str, finish_reason: str = "stop") -> None:
        self._said = list(said)
        self._finish_reason = finish_reason
        self.asked: list[JsonObject] = []

    async def start(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""

    async def complete(self, body: JsonObject) -> Completion:
        """The next thing to say."""
        self.asked.append(body)
        message = {"content": self._said.pop(0), "role": "assistant"}
        choice = {"finish_reason": self._finish_reason, "index": 0, "message": message}
        return Completion([choice], usage_of({"prompt_tokens": 3, "completion_tokens": 2}))

    async def stream(self, body: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """One chunk."""
        self.asked.append(body)
        yield {"choices": [{"delta": {"content": self._said.pop(0)}}]}


def complete(scripted: Scripted, **changes: Any) -> Completion:
    return asyncio.run(ForcedToolCalls(scripted).complete(BODY | changes))


def chunks(scripted: Scripted, **changes: Any) -> list[JsonObject]:
    async def all_of() -> list[JsonObject]:
        return [chunk async for chunk in ForcedToolCalls(scripted).stream(BODY | changes)]

    return asyncio.run(all_of())


def test_the_answer_is_a_tool_call() -> None:
    """The model's output under the grammar becomes the arguments."""
    (choice,) = complete(Scripted('{"city": "Oslo"}')).choices
    (call,) = choice["message"]["tool_calls"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    assert call["function"] == {"name": "weather", "arguments": '{"city": "Oslo"}'}


def test_the_grammar_is_the_tools_schema() -> None:
    """The model gets the tool's schema as its grammar, and no option that would disturb the grammar."""
    scripted = Scripted("{}")
    complete(scripted)
    (asked,) = scripted.asked
    assert asked["response_format"]["json_schema"]["schema"] == SCHEMA
    assert not asked.keys() & {"tools", "tool_choice", "stop"}
    assert asked["max_tokens"] == 9
    told, *messages = asked["messages"]
    assert "What weather does." in told["content"]
    assert messages == BODY["messages"]


def test_of_several_tools_the_model_chooses() -> None:
    """The model chooses a tool under a grammar of the tools' names, which no token limit cuts."""
    scripted = Scripted('"time"', "{}")
    completion = complete(scripted, tools=[tool("weather", SCHEMA), tool("time")])
    choosing, filling = scripted.asked
    assert choosing["response_format"]["json_schema"]["schema"] == {"enum": ["weather", "time"]}
    assert "max_tokens" not in choosing
    assert filling["response_format"]["json_schema"]["schema"]["additionalProperties"] is False
    (call,) = completion.choices[0]["message"]["tool_calls"]
    assert call["function"]["name"] == "time"
    assert completion.usage["total_tokens"] == 10


def test_a_named_tool_is_not_chosen() -> None:
    """If a tool is named, the model is asked only for its arguments."""
    scripted = Scripted("{}")
    named = {"type": "function", "function": {"name": "time"}}
    completion = complete(scripted, tools=[tool("weather", SCHEMA), tool("time")], tool_choice=named)
    (call,) = completion.choices[0]["message"]["tool_calls"]
    assert (call["function"]["name"], len(scripted.asked)) == ("time", 1)


def test_arguments_cut_short_say_so() -> None:
    """A token limit cuts the arguments, as it does at OpenAI."""
    (choice,) = complete(Scripted('{"ci', finish_reason="length")).choices
    assert choice["finish_reason"] == "length"
    assert choice["message"]["tool_calls"][0]["function"]["arguments"] == '{"ci'


@pytest.mark.parametrize("said", ['"unknown"', "weather", ""])
def test_a_server_without_grammars_is_503(said: str) -> None:
    """If the model server ignores the grammar, its answer names no tool, and the caller gets a 503."""
    with pytest.raises(RefusalError) as caught:
        complete(Scripted(said), tools=[tool("weather"), tool("time")])
    assert caught.value.status == 503


def test_a_streamed_call_is_name_then_arguments() -> None:
    """A streamed call has OpenAI's order: its name, its arguments in pieces, the finish, the usage."""
    asked = {"stream": True, "stream_options": {"include_usage": True}}
    made = chunks(Scripted('{"city": "Oslo"}'), **asked)
    deltas = [choice for chunk in made for choice in chunk["choices"]]
    calls = [call for choice in deltas for call in choice["delta"].get("tool_calls", [])]
    assert calls[0]["function"] == {"name": "weather", "arguments": ""}
    assert len(calls) > 2
    assert json.loads("".join(call["function"]["arguments"] for call in calls)) == {"city": "Oslo"}
    assert deltas[-1]["finish_reason"] == "tool_calls"
    assert made[-1]["usage"]["total_tokens"] == 5


@pytest.mark.parametrize("choice", ["auto", "none", None])
def test_a_call_that_is_not_forced_is_the_models(choice: str | None) -> None:
    """If no call is forced, the body goes to the generator unchanged."""
    scripted = Scripted("hello", "hello")
    complete(scripted, tool_choice=choice)
    assert len(chunks(scripted, tool_choice=choice)) == 1
    assert scripted.asked == [BODY | {"tool_choice": choice}] * 2
