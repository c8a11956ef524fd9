"""A tool call on a running stack, whole and streamed. Each function is like those in local.demonstration.demo."""

from __future__ import annotations

import json
from typing import Any

from local.demonstration.demo import expect
from local.demonstration.gateway_client import MODEL, openai_client
from local.machine.failures import CheckFailedError
from local.stack.local_stack import LocalStack

_QUESTION = "What is the weather in Paris, in celsius?"
_NAME = "get_weather"
_UNITS = ("celsius", "fahrenheit")
_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"enum": _UNITS}},
    "required": ["city", "unit"],
    "additionalProperties": False,
}
_FUNCTION = {"name": _NAME, "description": "Get the current weather in a city.", "parameters": _SCHEMA}
_REQUEST: dict[str, Any] = {
    "model": MODEL,
    "messages": [{"role": "user", "content": _QUESTION}],
    "tools": [{"type": "function", "function": _FUNCTION}],
    "tool_choice": {"type": "function", "function": {"name": _NAME}},
    "temperature": 0,
}


def whole(stack: LocalStack) -> list[str]:
    """A call of the tool that the request names. The tool's JSON schema must allow the arguments."""
    with openai_client(stack) as client:
        choice = client.chat.completions.create(**_REQUEST).choices[0]
    calls = [call.function for call in choice.message.tool_calls or [] if call.type == "function"]
    expect([call.name for call in calls], [_NAME], "The called tools")
    expect(choice.finish_reason, "tool_calls", "The finish_reason of a tool call")
    return [f"Q: {_QUESTION}", f"A: {_NAME}({checked_arguments(calls[0].arguments)})"]


def streamed(stack: LocalStack) -> list[str]:
    """The same call in deltas: the name first, then the arguments in pieces."""
    with openai_client(stack) as client:
        chunks = list(client.chat.completions.create(**_REQUEST, stream=True))
    choices = [choice for chunk in chunks for choice in chunk.choices]
    calls = [call.function for choice in choices for call in choice.delta.tool_calls or [] if call.function]
    expect([call.name for call in calls], [_NAME, *[None] * (len(calls) - 1)], "The names in the deltas")
    arguments = checked_arguments("".join(call.arguments or "" for call in calls))
    expect(choices[-1].finish_reason, "tool_calls", "The finish_reason of a streamed tool call")
    return [f"{len(calls)} deltas: {_NAME}({arguments})"]


def checked_arguments(text: str) -> str:
    """The call's arguments as one line of JSON. Raises CheckFailedError if the tool's schema does not allow them."""
    try:
        arguments = json.loads(text)
        is_allowed = (
            arguments.keys() == {"city", "unit"}
            and isinstance(arguments["city"], str)
            and arguments["unit"] in _UNITS
        )
    except (ValueError, AttributeError):
        is_allowed = False
    if not is_allowed:
        raise CheckFailedError(f"The tool's schema does not allow the arguments {text!r}.")
    return json.dumps(arguments, ensure_ascii=False)
