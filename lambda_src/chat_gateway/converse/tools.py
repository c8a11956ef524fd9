"""The tools of a request as Converse's `toolConfig`.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from chat_gateway.converse import cache_points, parameters
from chat_gateway.converse.cache_points import Block
from chat_gateway.converse.families import Family
from chat_gateway.converse.parameters import Scope
from chat_gateway.converse.tool_choice import ALLOWED_TOOLS, ANY, AUTO, NONE, TOOL, Choice
from chat_gateway.converse.tool_names import ToolNames

_ANY_OBJECT: dict[str, Any] = {"type": "object", "properties": {}}


class Tool(NamedTuple):
    """A tool that the caller offers: its own name, and its blocks, which are the tool and perhaps a cache point."""

    name: str
    blocks: list[Block]


class ToolConfig(NamedTuple):
    """`config`: Converse's `toolConfig`, None without tools. `model_fields`: what Claude gets besides."""

    config: dict[str, Any] | None
    model_fields: dict[str, Any]


def offered(document: Mapping[str, Any], family: Family, names: ToolNames) -> list[Tool]:
    """The tools of the request, for a family of models. Raises InvalidRequestError."""
    tools = document.get("tools")
    if tools is None:
        return []
    if not isinstance(tools, list):
        raise parameters.wrong_type("tools", "a list")
    found: dict[str, Tool] = {}
    for index, tool in enumerate(tools):
        read = _tool(tool, f"tools[{index}]", family, names)
        if read.name in found:
            raise parameters.wrong_value(
                f"tools[{index}].function.name", "another tool has this name. Change one."
            )
        found[read.name] = read
    return list(found.values())


def config(
    tools: list[Tool],
    choice: Choice,
    called: Mapping[str, str],
    family: Family,
    names: ToolNames,
) -> ToolConfig:
    """`toolConfig` for tools and the caller's choice. `called`: the tools of earlier calls, with their places.

    Raises InvalidRequestError if the family or Converse cannot do what the choice says.
    """
    _check_choice(tools, choice, called, family)
    if choice.allowed is not None:
        tools = [tool for tool in tools if tool.name in choice.allowed]
    if choice.mode == NONE or not (tools or called):
        return ToolConfig(None, {})
    if not family.has_tools:
        raise parameters.unsupported("tools", f"{family.name}: no tools. Leave them out.")
    specs = [block for tool in tools for block in tool.blocks] or [_stand_in(name, names) for name in called]
    if tools and choice.is_single and family.limits_to_one_call:
        return ToolConfig({"tools": specs}, {"tool_choice": _single_call(choice, family, names)})
    if choice.mode == AUTO:
        return ToolConfig(
            {"tools": specs}, {}
        )  # auto is Converse's default, and some families refuse the word
    return ToolConfig({"tools": specs, "toolChoice": _tool_choice(choice, family, names)}, {})


def _tool(tool: Any, at: str, family: Family, names: ToolNames) -> Tool:
    if not isinstance(tool, dict):
        raise parameters.wrong_type(at, "an object")
    if tool.get("type") != "function":
        raise parameters.unsupported(f"{at}.type", "Converse has function tools only. Use function.")
    parameters.check(tool, Scope.TOOL, at)
    place = f"{at}.function"
    function = tool.get("function")
    if not isinstance(function, dict):
        raise parameters.wrong_type(place, "an object")
    parameters.check(function, Scope.FUNCTION, place)
    name = function.get("name")
    if not isinstance(name, str) or not name:
        raise parameters.wrong_type(f"{place}.name", "a string that is not empty")
    spec = {"name": names.sent(name), **_description_and_schema(function, name, place)}
    if family.has_strict_tools and function.get("strict") is True:
        spec["strict"] = True
    point = cache_points.behind(tool, at, has_them=family.has_tool_cache_points)
    return Tool(name, [{"toolSpec": spec}, *point])


def _description_and_schema(function: Mapping[str, Any], name: str, at: str) -> dict[str, Any]:
    description = function.get("description")
    if description is not None and not isinstance(description, str):
        raise parameters.wrong_type(f"{at}.description", "a string")
    return {
        "description": description if description and description.strip() else name,
        "inputSchema": {"json": _schema(function.get("parameters"), f"{at}.parameters")},
    }


def _schema(schema: object, at: str) -> dict[str, Any]:
    """A schema whose root is an object, as Converse needs it."""
    if schema is None:
        return _ANY_OBJECT
    if not isinstance(schema, dict):
        raise parameters.wrong_type(at, "an object")
    if schema.get("type") is None:
        return {**_ANY_OBJECT, **schema, "type": "object"}
    if schema["type"] != "object":
        raise parameters.wrong_value(f"{at}.type", "a tool's input must be an object. Use object.")
    return schema


def _stand_in(name: str, names: ToolNames) -> Block:
    """A tool for earlier calls, without which Converse refuses them."""
    return {"toolSpec": {"name": names.sent(name), "description": name, "inputSchema": {"json": _ANY_OBJECT}}}


def _check_choice(tools: list[Tool], choice: Choice, called: Mapping[str, str], family: Family) -> None:
    offered_names = {tool.name for tool in tools}
    if choice.mode == NONE and called:
        raise parameters.unsupported(
            "tool_choice",
            "Converse cannot forbid tools once messages hold tool calls. Use auto, or remove the calls from the messages.",
        )
    if choice.mode in (ANY, TOOL) and not tools:
        raise parameters.wrong_value("tool_choice", "it needs tools. Add them.")
    if choice.name is not None and choice.name not in offered_names:
        raise parameters.wrong_value("tool_choice", "no tool has this name. Name one of the tools.")
    if choice.allowed is not None:
        _check_allowed(choice.allowed, offered_names, called)
    # Clients that want one object name one tool, and forbid a second call by habit.
    is_limit_needed = choice.is_single and tools and choice.mode not in (NONE, TOOL)
    if is_limit_needed and not family.limits_to_one_call:
        raise parameters.unsupported(
            "parallel_tool_calls", f"{family.name}: only with a tool_choice that names a tool. Leave it out."
        )


def _check_allowed(allowed: frozenset[str], offered_names: set[str], called: Mapping[str, str]) -> None:
    if not allowed or not allowed <= offered_names:
        raise parameters.wrong_value(
            f"tool_choice.{ALLOWED_TOOLS}.tools",
            "each name must be that of one of the tools. Correct the list.",
        )
    if not allowed.issuperset(called):
        raise parameters.unsupported(
            f"tool_choice.{ALLOWED_TOOLS}",
            "The messages hold calls of a tool that is not allowed. Allow it, too.",
        )


def _tool_choice(choice: Choice, family: Family, names: ToolNames) -> dict[str, Any]:
    _check_family(choice, family)
    return {TOOL: {"name": names.sent(choice.name)}} if choice.name is not None else {ANY: {}}


def _single_call(choice: Choice, family: Family, names: ToolNames) -> dict[str, Any]:
    """Claude's own tool choice, which takes the place of Converse's."""
    if choice.mode != AUTO:
        _check_family(choice, family)
    named = {} if choice.name is None else {"name": names.sent(choice.name)}
    return {"type": choice.mode, **named, "disable_parallel_tool_use": True}


def _check_family(choice: Choice, family: Family) -> None:
    if choice.mode not in family.tool_choices:
        raise parameters.unsupported("tool_choice", f"{family.name}: this choice does not exist. Use auto.")
