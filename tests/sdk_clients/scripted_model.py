"""A scripted model: it calls the request's tools, fills JSON schemas, or repeats the last message. Pure."""

from __future__ import annotations

import json
import secrets
from typing import Any

from tests.sdk_clients.schema_samples import Schema, quoted_words, sample

JsonObject = dict[str, Any]


def completion(body: JsonObject) -> JsonObject:
    """The chat completion that answers a request's body."""
    function = _function_to_call(body)
    message = _words(body) if function is None else _call(function, _prompt(body))
    return {
        "object": "chat.completion",
        "model": body["model"],
        "choices": [
            {"index": 0, "message": message, "finish_reason": "stop" if function is None else "tool_calls"}
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
    }


def _function_to_call(body: JsonObject) -> JsonObject | None:
    """The named function, or the first not yet called. If a call is not required, one call is enough."""
    choice = body.get("tool_choice")
    functions: dict[str, JsonObject] = {
        tool["function"]["name"]: tool["function"] for tool in body.get("tools") or []
    }
    if not functions or choice == "none":
        return None
    if isinstance(choice, dict):
        return functions[choice["function"]["name"]]
    called = _called(_latest_turn(body))
    if called and choice != "required":
        return None
    return functions[next((name for name in functions if name not in called), next(iter(functions)))]


def _latest_turn(body: JsonObject) -> list[JsonObject]:
    """The messages since the user last spoke."""
    roles = [message["role"] for message in body["messages"]]
    since = len(roles) - roles[::-1].index("user") if "user" in roles else 0
    return list(body["messages"][since:])


def _called(messages: list[JsonObject]) -> set[str]:
    calls = [call for message in messages for call in message.get("tool_calls") or []]
    return {call["function"]["name"] for call in calls}


def _call(function: JsonObject, prompt: str) -> JsonObject:
    arguments = sample(function.get("parameters") or {"type": "object"}, prompt)
    call = {"name": function["name"], "arguments": json.dumps(arguments, ensure_ascii=False)}
    tool_call = {"id": f"call_{secrets.token_hex(8)}", "type": "function", "function": call}
    return {"role": "assistant", "content": None, "tool_calls": [tool_call]}


def _words(body: JsonObject) -> JsonObject:
    response_format = body.get("response_format") or {"type": "text"}
    prompt = _prompt(body)
    if schema := _schema(body):
        content = json.dumps(sample(schema, prompt))
    elif response_format["type"] == "json_object":
        content = json.dumps({word: word for word in quoted_words(prompt)})
    else:
        content = f"I heard: {_text(body['messages'][-1])}"
    return {"role": "assistant", "content": content}


def _schema(body: JsonObject) -> Schema | None:
    """The answer's schema, from `response_format` or from a message's text; None if there is none."""
    response_format = body.get("response_format") or {}
    if "json_schema" in response_format:
        schema: Schema = response_format["json_schema"]["schema"]
        return schema
    return next(filter(None, (_schema_in(_text(message)) for message in body["messages"])), None)


def _schema_in(text: str) -> Schema | None:
    start = text.find("{")
    while start >= 0:
        try:
            found, _ = json.JSONDecoder().raw_decode(text, start)
        except ValueError:
            found = None
        if isinstance(found, dict) and "properties" in found:
            return found
        start = text.find("{", start + 1)
    return None


def _prompt(body: JsonObject) -> str:
    """The text of the last user message."""
    return next((_text(message) for message in reversed(body["messages"]) if message["role"] == "user"), "")


def _text(message: JsonObject) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)
