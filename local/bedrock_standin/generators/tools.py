"""The tools of a chat request, and the tools that must be called, without I/O.

docs: platform.openai.com/docs/api-reference/chat/create (tools, tool_choice)
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any

from local.bedrock_standin.refusals import validation_error

JsonObject = dict[str, Any]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NO_PARAMETERS: JsonObject = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call. `parameters` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: JsonObject


def check_tools(body: JsonObject) -> None:
    """Raises RefusalError (400) if `tools` or `tool_choice` is ill-formed, or the two contradict each other."""
    _must_call(body, tools_of(body))


def tools_of(body: JsonObject) -> list[Tool]:
    """The tools in the request. Raises RefusalError (400)."""
    offered = body.get("tools")
    if offered is None:
        return []
    if not isinstance(offered, list):
        raise validation_error("'tools' must be an array.", "tools")
    return [_tool(tool, f"tools[{index}]") for index, tool in enumerate(offered)]


def callable_tools(body: JsonObject) -> list[Tool]:
    """The tools that `tool_choice` allows. Raises RefusalError (400)."""
    tools = tools_of(body)
    return [] if body.get("tool_choice") == "none" else (_must_call(body, tools) or tools)


def forced_tools(body: JsonObject) -> list[Tool]:
    """The tools of which the model must call one; empty if it need not call any. Raises RefusalError (400)."""
    return _must_call(body, tools_of(body))


def call_message(tool: Tool, arguments: str) -> JsonObject:
    """The assistant's message that calls a tool. `arguments` is JSON text."""
    call = {
        "id": f"call_{secrets.token_hex(12)}",
        "type": "function",
        "function": {"name": tool.name, "arguments": arguments},
    }
    return {"content": None, "role": "assistant", "tool_calls": [call]}


def _tool(offered: object, where: str) -> Tool:
    function = offered.get("function") if isinstance(offered, dict) else None
    if not isinstance(offered, dict) or offered.get("type") != "function" or not isinstance(function, dict):
        raise validation_error(f"'{where}' must be a function.", where)
    name, description = function.get("name"), function.get("description") or ""
    parameters = function.get("parameters") or _NO_PARAMETERS
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise validation_error(f"'{where}.function.name' is missing or ill-formed.", f"{where}.function.name")
    if not isinstance(description, str) or not isinstance(parameters, dict):
        raise validation_error(f"'{where}.function' has a description or parameters of a wrong type.", where)
    return Tool(name, description, parameters)


def _must_call(body: JsonObject, tools: list[Tool]) -> list[Tool]:
    choice = body.get("tool_choice")
    if choice in (None, "none"):
        return []
    if not tools:
        raise validation_error("'tool_choice' needs 'tools'.", "tool_choice")
    if choice in ("auto", "required"):
        return tools if choice == "required" else []
    named = [tool for tool in tools if choice == {"type": "function", "function": {"name": tool.name}}]
    if not named:
        raise validation_error(
            "'tool_choice' must be none, auto, required or a tool of 'tools'.", "tool_choice"
        )
    return named[:1]
