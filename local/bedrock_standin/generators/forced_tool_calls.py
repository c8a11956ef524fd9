"""Makes a model call a required tool, with a grammar. A small model would not do it by itself.

The generator must support `response_format` of type `json_schema`, as llama.cpp does.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from local.bedrock_standin.generators.chat_body import TOKEN_LIMITS
from local.bedrock_standin.generators.completion import Completion, usage_of
from local.bedrock_standin.generators.generator import GeneratorAround, chunks_when_whole
from local.bedrock_standin.generators.tools import Tool, call_message, forced_tools
from local.bedrock_standin.refusals import server_error

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

JsonObject = dict[str, Any]

_ABOUT_TOOLS = frozenset({"tools", "tool_choice", "parallel_tool_calls", "response_format", "stop"})


class ForcedToolCalls(GeneratorAround):
    """A generator's answers. They call a tool if `tool_choice` requires it."""

    async def complete(self, body: JsonObject) -> Completion:
        """One whole completion. Raises the generator's errors, and 400 if a tool's parameters make no grammar."""
        tools = forced_tools(body)
        return await (self._call(body, tools) if tools else self.generator.complete(body))

    def stream(self, body: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """OpenAI's chunks. Those of a required call come after the whole completion. Raises the generator's errors."""
        return chunks_when_whole(self, body) if forced_tools(body) else self.generator.stream(body)

    async def _call(self, body: JsonObject, tools: list[Tool]) -> Completion:
        if len(tools) == 1:
            tool, usages = tools[0], []
        else:
            chosen = await self.generator.complete(_choosing(body, tools))
            tool, usages = _named(_text(chosen), tools), [chosen.usage]
        made = await self.generator.complete(_filling(body, tool))
        choice = {
            "finish_reason": "length" if made.choices[0]["finish_reason"] == "length" else "tool_calls",
            "index": 0,
            "message": call_message(tool, _text(made)),
        }
        return Completion([choice], _sum([*usages, made.usage]))


def _choosing(body: JsonObject, tools: list[Tool]) -> JsonObject:
    """A body whose answer is a tool's name as JSON text."""
    described = "\n".join(f"{tool.name}: {tool.description}" for tool in tools)
    asked = _asked(
        body, f"Name the function that helps:\n{described}", {"enum": [tool.name for tool in tools]}
    )
    return {key: value for key, value in asked.items() if key not in TOKEN_LIMITS}  # a name must not be cut


def _filling(body: JsonObject, tool: Tool) -> JsonObject:
    """A body whose answer is the tool's arguments as JSON text."""
    told = f"Give the arguments of the function {tool.name} as JSON. {tool.description}"
    return _asked(body, told, {"type": "object"} | tool.parameters)


def _asked(body: JsonObject, told: str, schema: JsonObject) -> JsonObject:
    kept = {key: value for key, value in body.items() if key not in _ABOUT_TOOLS}
    grammar = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    messages = [{"role": "system", "content": told}, *body["messages"]]
    return kept | {"messages": messages, "response_format": grammar, "stream": False}


def _named(text: str, tools: list[Tool]) -> Tool:
    """The tool that the JSON text names. Raises RefusalError (503) if there is none: the server ignored the grammar."""
    try:
        name = json.loads(text)
    except ValueError:
        name = None
    for tool in tools:
        if tool.name == name:
            return tool
    raise server_error("The generator named no tool.", 503)


def _text(completion: Completion) -> str:
    text: str = completion.choices[0]["message"]["content"] or ""
    return text


def _sum(usages: list[JsonObject]) -> JsonObject:
    return usage_of(
        {name: sum(usage[name] for usage in usages) for name in ("prompt_tokens", "completion_tokens")}
    )
