"""Reads `tool_choice` and `parallel_tool_calls`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from chat_gateway.converse import parameters
from chat_gateway.core.errors import InvalidRequestError

# Converse's and Anthropic's words, and our own for no tools.
AUTO, ANY, TOOL, NONE = "auto", "any", "tool", "none"
ALLOWED_TOOLS = "allowed_tools"
_MODES = {"auto": AUTO, "required": ANY, "none": NONE}
_AT = "tool_choice"


class Choice(NamedTuple):
    """Which tools the model may or must call.

    `name`: the one tool, in the caller's words. `allowed`: the names of the tools to offer, None for all.
    `is_single`: at most one call.
    """

    mode: str = AUTO
    name: str | None = None
    allowed: frozenset[str] | None = None
    is_single: bool = False


def of(document: Mapping[str, Any]) -> Choice:
    """The choice in a request. Raises InvalidRequestError."""
    parallel = document.get("parallel_tool_calls")
    if parallel is not None and not isinstance(parallel, bool):
        raise parameters.wrong_type("parallel_tool_calls", "a boolean")
    return _chosen(document.get(_AT))._replace(is_single=parallel is False)


def _chosen(choice: object) -> Choice:
    if choice is None:
        return Choice()
    if isinstance(choice, str) and choice in _MODES:
        return Choice(_MODES[choice])
    kind = choice.get("type") if isinstance(choice, dict) else None
    if isinstance(choice, dict) and kind == "function":
        return Choice(TOOL, name=_name(choice, _AT))
    if isinstance(choice, dict) and kind == ALLOWED_TOOLS:
        return _allowed(choice.get(ALLOWED_TOOLS), f"{_AT}.{ALLOWED_TOOLS}")
    if kind == "custom":
        raise parameters.unsupported(_AT, "Converse has function tools only. Name a function.")
    raise _no_choice(_AT)


def _allowed(allowed: object, at: str) -> Choice:
    mode = allowed.get("mode") if isinstance(allowed, dict) else None
    if not isinstance(allowed, dict) or mode not in ("auto", "required"):
        raise _no_choice(f"{at}.mode")
    tools = allowed.get("tools")
    if not isinstance(tools, list):
        raise parameters.wrong_type(f"{at}.tools", "a list")
    names = (_name(tool, f"{at}.tools[{index}]") for index, tool in enumerate(tools))
    return Choice(_MODES[mode], allowed=frozenset(names))


def _name(tool: object, at: str) -> str:
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(name, str):
        raise parameters.wrong_type(at, "an object with a function and its name")
    return name


def _no_choice(at: str) -> InvalidRequestError:
    return parameters.wrong_value(at, "it must be auto, required, none, a function, or allowed tools.")
