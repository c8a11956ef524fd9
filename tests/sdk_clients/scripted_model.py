"""A scripted model: it calls the request's tools, fills JSON schemas, or repeats what it was told last. Pure."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from tests.sdk_clients.schema_samples import Schema, quoted, quoted_words, sample

JsonObject = dict[str, Any]


def completion(body: JsonObject) -> JsonObject:
    """The chat completion that answers a request's body."""
    said, finish_reason = _said(body)
    message = {"role": "assistant", **said}
    return {
        "object": "chat.completion",
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
    }


def _said(body: JsonObject) -> tuple[JsonObject, str]:
    """The content and the tool calls of the answer, and the reason for its end."""
    function = _function_to_call(body)
    if function is None:
        text, finish_reason = _cut(_words(body), body)
        return {"content": text}, finish_reason
    calls = [_call(function, prompt) for prompt in _prompts_of_calls(body)]
    return {"content": None, "tool_calls": calls}, "tool_calls"


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


def _prompts_of_calls(body: JsonObject) -> list[str]:
    """The prompt of each call: if the model may choose, it makes a call for each of the prompt's quoted words."""
    prompt = _prompt(body)
    words = quoted_words(prompt)
    is_free = body.get("tool_choice") in (None, "auto") and body.get("parallel_tool_calls") is not False
    return [quoted(word) for word in words] if is_free and len(words) > 1 else [prompt]


def _call(function: JsonObject, prompt: str) -> JsonObject:
    arguments = sample(function.get("parameters") or {"type": "object"}, prompt)
    call = {"name": function["name"], "arguments": json.dumps(arguments, ensure_ascii=False)}
    return {"id": f"call_{secrets.token_hex(8)}", "type": "function", "function": call}


def _words(body: JsonObject) -> str:
    response_format = body.get("response_format") or {"type": "text"}
    prompt = _prompt(body)
    if schema := _schema(body):
        return json.dumps(sample(schema, prompt))
    if response_format["type"] == "json_object":
        return json.dumps({word: word for word in quoted_words(prompt)})
    return f"I heard: {_told(body['messages'])}"


def _told(messages: list[JsonObject]) -> str:
    """The text of the last message; after several tool calls the text of each result, in the order of the calls."""
    if messages[-1]["role"] != "tool":
        return _text(messages[-1])
    calls = next(message["tool_calls"] for message in reversed(messages) if message.get("tool_calls"))
    results = {message.get("tool_call_id"): _text(message) for message in messages}
    return "\n".join(results[call["id"]] for call in calls)


def _cut(text: str, body: JsonObject) -> tuple[str, str]:
    """The text up to a stop sequence, and at most `max_tokens` of its words; and the reason for its end."""
    for stop in _listed(body.get("stop")):
        text = text.partition(stop)[0]
    words = re.findall(r"\s*\S+", text)
    limit = body.get("max_tokens") or len(words)
    return ("".join(words[:limit]), "length") if len(words) > limit else (text, "stop")


def _listed(stop: str | list[str] | None) -> list[str]:
    return [stop] if isinstance(stop, str) else stop or []


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
