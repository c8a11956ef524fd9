"""A tool call on a running stack, whole and streamed, on both of Bedrock's routes.

Each function is like those in local.demonstration.demo.
"""

from __future__ import annotations

import json
from typing import Any

from openai import OpenAI
from openai.types.chat.chat_completion_chunk import Choice

from local.demonstration.demo import expect
from local.demonstration.gateway_client import CLAUDE, MODEL, openai_client
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
_RESULT = "18 degrees celsius, light rain"
_ANSWER_TOKENS = 32
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
        count, call = _streamed_call(client, MODEL)
    return [f"{count} deltas: {_shown(call)}"]


def of_claude(stack: LocalStack) -> list[str]:
    """The same stream of a Claude model, on the Converse route, and a streamed answer after the tool's result."""
    with openai_client(stack) as client:
        count, call = _streamed_call(client, CLAUDE)
        asked = {"role": "assistant", "content": None, "tool_calls": [call]}
        result = {"role": "tool", "tool_call_id": call["id"], "content": _RESULT}
        messages = [*_REQUEST["messages"], asked, result]
        answer = _streamed_text(client, {**_REQUEST, "messages": messages, "tool_choice": "auto"})
    return [f"model: {CLAUDE}", f"Q: {_QUESTION}", f"A: {_shown(call)}, in {count} deltas", f"A: {answer}"]


def _streamed_call(client: OpenAI, model: str) -> tuple[int, dict[str, Any]]:
    """The number of deltas, and the call that they make."""
    choices = _choices(client, {**_REQUEST, "model": model})
    deltas = [call for choice in choices for call in choice.delta.tool_calls or [] if call.function]
    functions = [delta.function for delta in deltas if delta.function is not None]
    expect([made.name for made in functions], [_NAME, *[None] * (len(deltas) - 1)], "The names in the deltas")
    expect(choices[-1].finish_reason, "tool_calls", "The finish_reason of a streamed tool call")
    arguments = checked_arguments("".join(made.arguments or "" for made in functions))
    function = {"name": _NAME, "arguments": arguments}
    return len(deltas), {"id": deltas[0].id, "type": "function", "function": function}


def _streamed_text(client: OpenAI, request: dict[str, Any]) -> str:
    choices = _choices(client, {**request, "model": CLAUDE, "max_tokens": _ANSWER_TOKENS})
    text = "".join(choice.delta.content or "" for choice in choices)
    if not text:
        raise CheckFailedError("The answer to the tool's result is empty.")
    return text


def _choices(client: OpenAI, request: dict[str, Any]) -> list[Choice]:
    """The choices of all chunks. Every chunk must name the model that the request asks for."""
    chunks = list(client.chat.completions.create(**request, stream=True))
    expect({chunk.model for chunk in chunks}, {request["model"]}, "The models in the stream")
    return [choice for chunk in chunks for choice in chunk.choices]


def _shown(call: dict[str, Any]) -> str:
    return f"{_NAME}({call['function']['arguments']})"


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
